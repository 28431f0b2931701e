package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.Vector;

/**
 * RWKV-6's time mixing (Peng et al. 2024, "Finch"), whose shift and decay depend on the data:
 * <pre>
 *   xx   = x + (x₋ − x) ⊙ maa_x
 *   x_i  = x + (x₋ − x) ⊙ (maa_i + tanh(xx·w1_i)·w2_i)          for i in w, k, v, r, g
 *   r, k, v, g = W_r xr, W_k xk, W_v xv, silu(W_g xg)
 *   w    = e^(−e^(time_decay + tanh(xw·D1)·D2))                  for each token
 *   wkv  = r·S + Σ(r ⊙ u ⊙ k) v;   S = diag(w) S + k vᵀ
 *   out  = W_o (GroupNorm(wkv) ⊙ g)
 * </pre>
 */
final class TimeMix6 implements TimeMix {
    private static final String ORDER = "wkvrg"; // of the five in time_maa_w1 and w2

    private final int heads;
    private final Vector maaX;
    private final Projection[] shifts = new Projection[ORDER.length()]; // maa_i + tanh(xx·w1_i)·w2_i
    private final Vector bonus;
    private final Projection decay;
    private final Projection key;
    private final Projection value;
    private final Projection receptance;
    private final Projection gate;
    private final Matrix output;
    private final Vector normWeight;
    private final Vector normBias;

    /** @param layer the weights below {@code blocks.N.} */
    TimeMix6(Weights layer, int width, int heads) {
        this.heads = heads;
        maaX = layer.vector("att.time_maa_x", width);
        int rank = layer.dimension("att.time_maa_w2", 1, 3);
        Matrix[] downs = layer.transposedSlices("att.time_maa_w1", width, shifts.length * rank, shifts.length);
        Matrix[] ups = layer.stackedTransposed("att.time_maa_w2", shifts.length, rank, width);
        for (int i = 0; i < shifts.length; i++) {
            shifts[i] = new Projection(downs[i], Nonlinearity.TANH, ups[i],
                    layer.vector("att.time_maa_" + ORDER.charAt(i), width));
        }
        int decayRank = layer.dimension("att.time_decay_w1", 1, 2);
        decay = new Projection(layer.transposed("att.time_decay_w1", width, decayRank), Nonlinearity.TANH,
                layer.transposed("att.time_decay_w2", decayRank, width), layer.vector("att.time_decay", width));
        bonus = layer.headVector("att.time_faaaa", heads, width, u -> u);
        key = layer.projection("att.key.weight", width, width);
        value = layer.projection("att.value.weight", width, width);
        receptance = layer.projection("att.receptance.weight", width, width);
        gate = layer.projection("att.gate.weight", width, width);
        output = layer.matrix("att.output.weight", width, width);
        normWeight = layer.vector("att.ln_x.weight", width);
        normBias = layer.vector("att.ln_x.bias", width);
    }

    @Override
    public Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch) {
        Activations delta = ops.shift(x, state.part(MatrixState.ATT_XX));
        Activations xx = ops.mix(x, delta, maaX);
        Activations shiftW = ops.defer(shifts[0], xx);
        Activations shiftK = ops.defer(shifts[1], xx);
        Activations shiftV = ops.defer(shifts[2], xx);
        Activations shiftR = ops.defer(shifts[3], xx);
        Activations shiftG = ops.defer(shifts[4], xx);
        ops.computeDeferred();
        Activations w = ops.defer(decay, ops.mix(x, delta, shiftW));
        Activations k = ops.defer(key, ops.mix(x, delta, shiftK));
        Activations v = ops.defer(value, ops.mix(x, delta, shiftV));
        Activations r = ops.defer(receptance, ops.mix(x, delta, shiftR));
        Activations g = ops.defer(gate, ops.mix(x, delta, shiftG));
        ops.computeDeferred();
        Activations logDecay = ops.apply(Nonlinearity.MINUS_EXP, w);
        Activations wkv = ops.wkv6(r, k, v, logDecay, heads, state.part(MatrixState.ATT_KV));
        ops.addTo(wkv, ops.headBonus(r, k, bonus, v, heads));
        Activations out = ops.groupNorm(wkv, heads, normWeight, normBias);
        return ops.linear(output, ops.gate(Nonlinearity.SILU, g, out));
    }
}
