package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Vector;

/**
 * RWKV-4's channel mixing (Peng et al. 2023, equations 17–18):
 * <pre>
 *   xr, xk = x + (x₋ − x) ⊙ (1 − time_mix_r, _k)
 *   out    = σ(W_r xr) ⊙ (W_v max(W_k xk, 0)²)
 * </pre>
 */
final class ChannelMix4 implements ChannelMix {
    private final Vector mixR;
    private final Vector mixK;
    private final Matrix receptance;
    private final Matrix key;
    private final Matrix value;

    /** @param layer the weights below {@code blocks.N.} */
    ChannelMix4(Weights layer, int width, int ffnWidth) {
        mixR = layer.vector("ffn.time_mix_r", width, m -> 1 - m);
        mixK = layer.vector("ffn.time_mix_k", width, m -> 1 - m);
        receptance = layer.matrix("ffn.receptance.weight", width, width);
        key = layer.matrix("ffn.key.weight", ffnWidth, width);
        value = layer.matrix("ffn.value.weight", width, ffnWidth);
    }

    @Override
    public Activations apply(Ops ops, Activations x, LayerState state) {
        Activations delta = ops.shift(x, state.part(Rwkv4.FFN_XX));
        Activations r = ops.linear(receptance, ops.mix(x, delta, mixR));
        Activations k = ops.squaredRelu(ops.linear(key, ops.mix(x, delta, mixK)));
        return ops.sigmoidGate(r, ops.linear(value, k));
    }
}
