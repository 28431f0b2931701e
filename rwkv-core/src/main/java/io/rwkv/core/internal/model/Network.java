package io.rwkv.core.internal.model;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.util.ArrayList;
import java.util.List;

/**
 * A whole RWKV of any version:
 * <pre>
 *   h      = LN₀(emb[token])
 *   h     += TimeMix(LN₁(h));  h += ChannelMix(LN₂(h))      in each layer
 *   logits = head · LN_out(h)
 * </pre>
 * Immutable.
 */
public final class Network {
    private record Norm(Vector weight, Vector bias) {
        static Norm load(Weights weights, String name, int width) {
            return new Norm(weights.vector(name + ".weight", width), weights.vector(name + ".bias", width));
        }

        Activations apply(Ops ops, Activations x) {
            return ops.layerNorm(x, weight, bias);
        }
    }

    private record Layer(Norm ln1, TimeMix timeMix, Norm ln2, ChannelMix channelMix) {}

    private final StoredTensor embedding; // [V, C]
    private final Norm ln0;
    private final List<Layer> layers = new ArrayList<>();
    private final Norm lnOut;
    private final Matrix head; // [V, C]
    private final boolean hasFirstValue;

    /**
     * Hands all weights to the engine.
     *
     * @throws io.rwkv.core.RwkvFormatException if a tensor is missing or has another shape than the configuration says
     */
    public Network(TensorFile file, RwkvConfig config, Engine engine, LoadProgress progress) {
        int width = config.width();
        Weights weights = new Weights(file, engine, progress);
        embedding = weights.table("emb.weight", config.vocabularySize(), width);
        ln0 = Norm.load(weights, "blocks.0.ln0", width);
        for (int i = 0; i < config.layers(); i++) {
            Weights layer = weights.below("blocks." + i + ".");
            layers.add(new Layer(Norm.load(layer, "ln1", width), timeMix(layer, config, i == 0),
                    Norm.load(layer, "ln2", width), channelMix(layer, config)));
        }
        lnOut = Norm.load(weights, "ln_out", width);
        head = weights.matrix("head.weight", config.vocabularySize(), width);
        hasFirstValue = config.version() == RwkvVersion.V7 || config.version() == RwkvVersion.V7A;
        weights.finished();
    }

    private static TimeMix timeMix(Weights layer, RwkvConfig config, boolean first) {
        int width = config.width();
        int heads = config.heads();
        return switch (config.version()) {
            case V4 -> new TimeMix4(layer, width);
            case V5_0 -> new TimeMix5(layer, width, heads, false);
            case V5_1, V5_2 -> new TimeMix5(layer, width, heads, true);
            case V6 -> new TimeMix6(layer, width, heads);
            case V7, V7A -> new TimeMix7(layer, width, heads, first);
        };
    }

    private static ChannelMix channelMix(Weights layer, RwkvConfig config) {
        int width = config.width();
        int ffnWidth = config.ffnWidth();
        return switch (config.version()) {
            case V4 -> GatedChannelMix.ofVersion4(layer, width, ffnWidth, Rwkv4.FFN_XX);
            case V5_0, V5_1, V5_2 -> GatedChannelMix.ofVersion4(layer, width, ffnWidth, MatrixState.FFN_XX);
            case V6 -> GatedChannelMix.ofVersion6(layer, width, ffnWidth);
            case V7, V7A -> new ChannelMix7(layer, width, ffnWidth, config.version() == RwkvVersion.V7A,
                    config.vocabularySize());
        };
    }

    /**
     * Runs a stretch of tokens through all layers.
     *
     * @return [count, C], before {@link #hidden}
     */
    Activations residual(Ops ops, int[] tokens, int from, int count, Pass pass) {
        Activations embedded = ln0.apply(ops, ops.embed(embedding, tokens, from, count));
        Activations h = ops.copy(embedded);
        Stretch stretch = pass.stretch();
        stretch.begin(tokens, from, count, embedded, hasFirstValue ? ops.copy(h) : null);
        try {
            for (int i = 0; i < layers.size(); i++) {
                Layer layer = layers.get(i);
                LayerState layerState = pass.layer(i);
                int mark = ops.mark();
                ops.addTo(h, layer.timeMix.apply(ops, layer.ln1.apply(ops, h), layerState, stretch));
                ops.release(mark);
                ops.addTo(h, layer.channelMix.apply(ops, layer.ln2.apply(ops, h), layerState, stretch));
                ops.release(mark);
            }
        } finally {
            stretch.end();
        }
        return h;
    }

    /** The final normalisation, {@code LN_out(h)}: what the head reads, and what embeddings are made of. */
    Activations hidden(Ops ops, Activations residual) {
        return lnOut.apply(ops, residual);
    }

    /** [rows, V]. */
    Activations logits(Ops ops, Activations hidden) {
        return ops.linear(head, hidden);
    }
}
