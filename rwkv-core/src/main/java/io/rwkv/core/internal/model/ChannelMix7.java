package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.MatrixUse;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.tensor.StoredTensor;

/**
 * RWKV-7's channel mixing, and RWKV-7a's, where a small matrix of each token's own scales the hidden units ("DeepEmbed"):
 * <pre>
 *   xk    = x + (x₋ − x) ⊙ x_k
 *   k     = max(W_k xk, 0)²
 *   out   = W_v k                                                                   (7)
 *   out   = W_v (k ⊙ (s0 + (x·s1)·(s_emb[token] + s_emb_x · embedding)·s2))         (7a)
 * </pre>
 */
final class ChannelMix7 implements ChannelMix {
    /** @param table [V, rank · rank], left in the file */
    private record DeepEmbed(StoredTensor table, Matrix fromEmbedding, Matrix down, Matrix up, Vector bias) {
        static DeepEmbed load(Weights layer, int width, int ffnWidth, int vocabulary) {
            int rank = layer.dimension("ffn.s1", 1, 2);
            return new DeepEmbed(layer.table("ffn.s_emb.weight", vocabulary, rank * rank),
                    layer.matrix("ffn.s_emb_x.weight", rank * rank, width), layer.transposed("ffn.s1", width, rank),
                    layer.transposed("ffn.s2", rank, ffnWidth), layer.vector("ffn.s0", ffnWidth));
        }

        Activations apply(Ops ops, Activations x, Stretch stretch) {
            Activations own = ops.embed(table, stretch.tokens(), 0, stretch.count());
            ops.addTo(own, ops.linear(fromEmbedding, stretch.embedded()));
            Activations out = ops.linear(up, ops.timesOwnMatrix(ops.linear(down, x), own));
            ops.addTo(out, ops.repeat(bias, out.rows()));
            return out;
        }
    }

    private final Vector mixK;
    private final Matrix key;
    private final Matrix value;
    private final DeepEmbed deepEmbed; // null in 7

    /** @param layer the weights below {@code blocks.N.} */
    ChannelMix7(Weights layer, int width, int ffnWidth, boolean deep, int vocabulary) {
        mixK = layer.vector("ffn.x_k", width);
        key = layer.matrix("ffn.key.weight", ffnWidth, width);
        value = layer.matrix("ffn.value.weight", width, ffnWidth, MatrixUse.AFTER_SQUARED_RELU);
        deepEmbed = deep ? DeepEmbed.load(layer, width, ffnWidth, vocabulary) : null;
    }

    @Override
    public Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch) {
        Activations delta = ops.shift(x, state.part(MatrixState.FFN_XX));
        Activations k = ops.apply(Nonlinearity.SQUARED_RELU, ops.linear(key, ops.mix(x, delta, mixK)));
        if (deepEmbed != null) {
            k = ops.multiply(deepEmbed.apply(ops, x, stretch), k);
        }
        return ops.linear(value, k);
    }
}
