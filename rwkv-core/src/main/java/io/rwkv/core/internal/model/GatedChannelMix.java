package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.MatrixUse;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.Vector;

/**
 * The channel mixing of RWKV-4, 5 and 6 (Peng et al. 2023, equations 17–18):
 * <pre>
 *   xr, xk = x + (x₋ − x) ⊙ mix_r, mix_k
 *   out    = σ(W_r xr) ⊙ (W_v max(W_k xk, 0)²)
 * </pre>
 */
final class GatedChannelMix implements ChannelMix {
    private final int shiftPart;
    private final Vector mixR;
    private final Vector mixK;
    private final Projection receptance;
    private final Projection key;
    private final Matrix value;

    private GatedChannelMix(Weights layer, int width, int ffnWidth, int shiftPart, Vector mixR, Vector mixK) {
        this.shiftPart = shiftPart;
        this.mixR = mixR;
        this.mixK = mixK;
        receptance = layer.projection("ffn.receptance.weight", width, width);
        key = layer.projection("ffn.key.weight", ffnWidth, width);
        value = layer.matrix("ffn.value.weight", width, ffnWidth, MatrixUse.AFTER_SQUARED_RELU);
    }

    /**
     * With the names of RWKV-4 and 5, whose checkpoints hold the weight of the current token; here it is the previous one's.
     *
     * @param layer the weights below {@code blocks.N.}
     * @param shiftPart the index of {@code ffn_xx} in the state
     */
    static GatedChannelMix ofVersion4(Weights layer, int width, int ffnWidth, int shiftPart) {
        return new GatedChannelMix(layer, width, ffnWidth, shiftPart,
                layer.vector("ffn.time_mix_r", width, m -> 1 - m), layer.vector("ffn.time_mix_k", width, m -> 1 - m));
    }

    /** With the names of RWKV-6, whose checkpoints hold the weight of the previous token. */
    static GatedChannelMix ofVersion6(Weights layer, int width, int ffnWidth) {
        return new GatedChannelMix(layer, width, ffnWidth, MatrixState.FFN_XX,
                layer.vector("ffn.time_maa_r", width), layer.vector("ffn.time_maa_k", width));
    }

    @Override
    public Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch) {
        Activations delta = ops.shift(x, state.part(shiftPart));
        Activations r = ops.defer(receptance, ops.mix(x, delta, mixR));
        Activations k = ops.defer(key, ops.mix(x, delta, mixK));
        ops.computeDeferred();
        return ops.gate(Nonlinearity.SIGMOID, r, ops.linear(value, ops.apply(Nonlinearity.SQUARED_RELU, k)));
    }
}
