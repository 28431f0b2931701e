package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.Vector;

/**
 * RWKV-4's time mixing (Peng et al. 2023, equations 11–16):
 * <pre>
 *   xr, xk, xv = x + (x₋ − x) ⊙ (1 − time_mix_r, _k, _v)
 *   r, k, v    = W_r xr, W_k xk, W_v xv
 *   out        = W_o (σ(r) ⊙ wkv(k, v))
 * </pre>
 */
final class TimeMix4 implements TimeMix {
    private final Vector mixR;
    private final Vector mixK;
    private final Vector mixV;
    private final Vector decay;
    private final Vector bonus;
    private final Projection receptance;
    private final Projection key;
    private final Projection value;
    private final Matrix output;

    /** @param layer the weights below {@code blocks.N.} */
    TimeMix4(Weights layer, int width) {
        // Checkpoints hold the weight of the current token; here it is the previous token's.
        mixR = layer.vector("att.time_mix_r", width, m -> 1 - m);
        mixK = layer.vector("att.time_mix_k", width, m -> 1 - m);
        mixV = layer.vector("att.time_mix_v", width, m -> 1 - m);
        decay = layer.vector("att.time_decay", width, d -> (float) -Math.exp(d));
        bonus = layer.vector("att.time_first", width);
        receptance = layer.projection("att.receptance.weight", width, width);
        key = layer.projection("att.key.weight", width, width);
        value = layer.projection("att.value.weight", width, width);
        output = layer.matrix("att.output.weight", width, width);
    }

    @Override
    public Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch) {
        Activations delta = ops.shift(x, state.part(SumState.ATT_XX));
        Activations r = ops.defer(receptance, ops.mix(x, delta, mixR));
        Activations k = ops.defer(key, ops.mix(x, delta, mixK));
        Activations v = ops.defer(value, ops.mix(x, delta, mixV));
        ops.computeDeferred();
        Activations wkv = ops.wkv4(k, v, decay, bonus, state.part(SumState.ATT_AA), state.part(SumState.ATT_BB),
                state.part(SumState.ATT_PP));
        return ops.linear(output, ops.gate(Nonlinearity.SIGMOID, r, wkv));
    }
}
