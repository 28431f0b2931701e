package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.Vector;

/**
 * RWKV-5's time mixing (Peng et al. 2024, "Eagle"), of all three releases:
 * <pre>
 *   xr, xk, xv, xg = x + (x₋ − x) ⊙ (1 − time_mix_r, _k, _v, _g)
 *   r, k, v        = W_r xr, W_k xk, W_v xv
 *   wkv            = r·S + Σ(r ⊙ u ⊙ k) v;   S = diag(w) S + k vᵀ;   w = e^(−e^time_decay)
 *   out            = W_o (GroupNorm(wkv) ⊙ silu(W_g xg))
 * </pre>
 * 5.0 has no gate and one decay and bonus per head, the bonus as {@code e^time_first}; 5.1 adds the gate; 5.2 has a decay and a
 * bonus, {@code time_faaaa}, per channel.
 */
final class TimeMix5 implements TimeMix {
    private final int heads;
    private final Vector mixR;
    private final Vector mixK;
    private final Vector mixV;
    private final Vector mixG; // null in 5.0
    private final Vector logDecay;
    private final Vector bonus;
    private final Projection receptance;
    private final Projection key;
    private final Projection value;
    private final Projection gate; // null in 5.0
    private final Matrix output;
    private final Vector normWeight;
    private final Vector normBias;

    /** @param layer the weights below {@code blocks.N.} */
    TimeMix5(Weights layer, int width, int heads, boolean gated) {
        this.heads = heads;
        // Checkpoints hold the weight of the current token; here it is the previous token's.
        mixR = layer.vector("att.time_mix_r", width, m -> 1 - m);
        mixK = layer.vector("att.time_mix_k", width, m -> 1 - m);
        mixV = layer.vector("att.time_mix_v", width, m -> 1 - m);
        mixG = gated ? layer.vector("att.time_mix_g", width, m -> 1 - m) : null;
        logDecay = layer.headVector("att.time_decay", heads, width, d -> (float) -Math.exp(d));
        bonus = layer.contains("att.time_faaaa")
                ? layer.headVector("att.time_faaaa", heads, width, u -> u)
                : layer.headVector("att.time_first", heads, width, u -> (float) Math.exp(u));
        receptance = layer.projection("att.receptance.weight", width, width);
        key = layer.projection("att.key.weight", width, width);
        value = layer.projection("att.value.weight", width, width);
        gate = gated ? layer.projection("att.gate.weight", width, width) : null;
        output = layer.matrix("att.output.weight", width, width);
        normWeight = layer.vector("att.ln_x.weight", width);
        normBias = layer.vector("att.ln_x.bias", width);
    }

    @Override
    public Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch) {
        Activations delta = ops.shift(x, state.part(MatrixState.ATT_XX));
        Activations r = ops.defer(receptance, ops.mix(x, delta, mixR));
        Activations k = ops.defer(key, ops.mix(x, delta, mixK));
        Activations v = ops.defer(value, ops.mix(x, delta, mixV));
        Activations g = gate == null ? null : ops.defer(gate, ops.mix(x, delta, mixG));
        ops.computeDeferred();
        Activations wkv = ops.wkv6(r, k, v, ops.repeat(logDecay, x.rows()), heads, state.part(MatrixState.ATT_KV));
        ops.addTo(wkv, ops.headBonus(r, k, bonus, v, heads));
        Activations out = ops.groupNorm(wkv, heads, normWeight, normBias);
        if (g != null) {
            out = ops.gate(Nonlinearity.SILU, g, out);
        }
        return ops.linear(output, out);
    }
}
