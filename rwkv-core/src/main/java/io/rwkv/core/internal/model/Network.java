package io.rwkv.core.internal.model;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.RwkvConfig;
import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.internal.model.VersionDescriptor.Carried;
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
    private final StoredTensor embedding; // [V, C]
    private final Norm ln0; // null in versions without one
    private final List<Block> layers = new ArrayList<>();
    private final Norm lnOut;
    private final Matrix head; // [V, C]
    private final boolean carriesEmbedding;
    private final boolean carriesFirstValue;

    /**
     * Hands all weights to the engine.
     *
     * @param file with the tensors of {@link ModelTensors}
     * @throws io.rwkv.core.RwkvFormatException if a tensor holds what its own precision cannot
     */
    public Network(TensorFile file, RwkvConfig config, Engine engine, LoadProgress progress) {
        VersionDescriptor version = Versions.of(config.version());
        int width = config.width();
        Weights weights = new Weights(file, engine, progress);
        embedding = weights.table("emb.weight", config.vocabularySize(), width);
        ln0 = version.normalisesEmbedding() ? Norm.load(weights, "blocks.0.ln0", width) : null;
        for (int i = 0; i < config.layers(); i++) {
            layers.add(version.block(weights.below(TensorName.prefix(i)), config, i));
        }
        lnOut = Norm.load(weights, "ln_out", width);
        head = weights.matrix("head.weight", config.vocabularySize(), width);
        carriesEmbedding = version.carried().contains(Carried.EMBEDDING);
        carriesFirstValue = version.carried().contains(Carried.FIRST_VALUE);
        weights.finished();
    }

    /**
     * Runs the pass's present stretch of tokens through all layers.
     *
     * @return [tokens, C], before {@link #hidden}
     */
    Activations residual(Ops ops, Pass pass) {
        Stretch stretch = pass.stretch();
        Activations row = ops.embed(embedding, stretch.tokens(), 0, stretch.count());
        Activations embedded = ln0 == null ? row : ln0.apply(ops, row);
        Activations h = carriesEmbedding ? ops.copy(embedded) : embedded;
        stretch.begin(carriesEmbedding ? embedded : null, carriesFirstValue ? ops.copy(h) : null);
        try {
            for (int i = 0; i < layers.size(); i++) {
                layers.get(i).apply(ops, h, pass.layer(i), stretch);
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
