package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
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
    /** One of the five shifted inputs. */
    private record Shift(Vector maa, Matrix down, Matrix up) {
        Activations apply(Ops ops, Activations x, Activations delta, Activations xx) {
            return ops.mix(x, delta, ops.lowRank(down, Nonlinearity.TANH, up, maa, xx));
        }
    }

    private static final String ORDER = "wkvrg"; // of the five in time_maa_w1 and w2

    private final int heads;
    private final Vector maaX;
    private final Shift[] shifts = new Shift[ORDER.length()];
    private final Vector decay;
    private final Matrix decayDown;
    private final Matrix decayUp;
    private final Vector bonus;
    private final Matrix receptance;
    private final Matrix key;
    private final Matrix value;
    private final Matrix gate;
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
            shifts[i] = new Shift(layer.vector("att.time_maa_" + ORDER.charAt(i), width), downs[i], ups[i]);
        }
        decay = layer.vector("att.time_decay", width);
        int decayRank = layer.dimension("att.time_decay_w1", 1, 2);
        decayDown = layer.transposed("att.time_decay_w1", width, decayRank);
        decayUp = layer.transposed("att.time_decay_w2", decayRank, width);
        bonus = layer.headVector("att.time_faaaa", heads, width, u -> u);
        receptance = layer.matrix("att.receptance.weight", width, width);
        key = layer.matrix("att.key.weight", width, width);
        value = layer.matrix("att.value.weight", width, width);
        gate = layer.matrix("att.gate.weight", width, width);
        output = layer.matrix("att.output.weight", width, width);
        normWeight = layer.vector("att.ln_x.weight", width);
        normBias = layer.vector("att.ln_x.bias", width);
    }

    @Override
    public Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch) {
        Activations delta = ops.shift(x, state.part(MatrixState.ATT_XX));
        Activations xx = ops.mix(x, delta, maaX);
        Activations xw = shifts[0].apply(ops, x, delta, xx);
        Activations k = ops.linear(key, shifts[1].apply(ops, x, delta, xx));
        Activations v = ops.linear(value, shifts[2].apply(ops, x, delta, xx));
        Activations r = ops.linear(receptance, shifts[3].apply(ops, x, delta, xx));
        Activations g = ops.linear(gate, shifts[4].apply(ops, x, delta, xx));
        Activations logDecay = ops.apply(Nonlinearity.MINUS_EXP,
                ops.lowRank(decayDown, Nonlinearity.TANH, decayUp, decay, xw));
        Activations wkv = ops.wkv6(r, k, v, logDecay, heads, state.part(MatrixState.ATT_KV));
        ops.addTo(wkv, ops.headBonus(r, k, bonus, v, heads));
        Activations out = ops.groupNorm(wkv, heads, normWeight, normBias);
        return ops.linear(output, ops.gate(Nonlinearity.SILU, g, out));
    }
}
