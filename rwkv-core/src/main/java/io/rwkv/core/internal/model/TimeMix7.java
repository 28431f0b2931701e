package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Nonlinearity;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.Vector;

/**
 * RWKV-7's time mixing (Peng et al. 2025, "Goose"), a generalised delta rule:
 * <pre>
 *   x_i = x + (x₋ − x) ⊙ x_i                                     for i in r, w, k, v, a, g
 *   r, k, v = W_r xr, W_k xk, W_v xv
 *   w   = e^(−0.606531 σ(w0 + tanh(xw·w1)·w2))
 *   a   = σ(a0 + xa·a1·a2);   g = σ(xg·g1)·g2
 *   v  += (v_first − v) ⊙ σ(v0 + xv·v1·v2)                        except in the first layer, whose v is v_first
 *   kk  = k ⊙ k_k, of length 1 in each head;   k = k ⊙ (1 + (a − 1) ⊙ k_a)
 *   S   = S diag(w) − (S kk)(kk ⊙ a)ᵀ + v kᵀ;   y = S r
 *   out = W_o ((GroupNorm(y) + Σ(r ⊙ k ⊙ r_k) v) ⊙ g)
 * </pre>
 */
final class TimeMix7 implements TimeMix {
    private final int heads;
    private final Vector mixR;
    private final Vector mixW;
    private final Vector mixK;
    private final Vector mixV;
    private final Vector mixA;
    private final Vector mixG;
    private final Projection receptance;
    private final Projection key;
    private final Projection value;
    private final Projection decay;
    private final Projection rate;
    private final Projection gate;
    private final Projection valueResidual; // null in the first layer
    private final Vector removalKey;
    private final Vector rateOnKey;
    private final Vector bonus;
    private final Matrix output;
    private final Vector normWeight;
    private final Vector normBias;

    /** @param layer the weights below {@code blocks.N.} */
    TimeMix7(Weights layer, int width, int heads, boolean first) {
        this.heads = heads;
        mixR = layer.vector("att.x_r", width);
        mixW = layer.vector("att.x_w", width);
        mixK = layer.vector("att.x_k", width);
        mixV = layer.vector("att.x_v", width);
        mixA = layer.vector("att.x_a", width);
        mixG = layer.vector("att.x_g", width);
        receptance = layer.projection("att.receptance.weight", width, width);
        key = layer.projection("att.key.weight", width, width);
        value = layer.projection("att.value.weight", width, width);
        decay = lowRank(layer, "att.w", width, Nonlinearity.TANH, true);
        rate = lowRank(layer, "att.a", width, Nonlinearity.IDENTITY, true);
        gate = lowRank(layer, "att.g", width, Nonlinearity.SIGMOID, false);
        // The first layer has none, even if the checkpoint has weights for it.
        valueResidual = first ? null : lowRank(layer, "att.v", width, Nonlinearity.IDENTITY, true);
        removalKey = layer.vector("att.k_k", width);
        rateOnKey = layer.vector("att.k_a", width);
        bonus = layer.headVector("att.r_k", heads, width, u -> u);
        output = layer.matrix("att.output.weight", width, width);
        normWeight = layer.vector("att.ln_x.weight", width);
        normBias = layer.vector("att.ln_x.bias", width);
    }

    @Override
    public Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch) {
        Activations delta = ops.shift(x, state.part(MatrixState.ATT_XX));
        Activations xv = ops.mix(x, delta, mixV);
        Activations r = ops.defer(receptance, ops.mix(x, delta, mixR));
        Activations k = ops.defer(key, ops.mix(x, delta, mixK));
        Activations v = ops.defer(value, xv);
        Activations w = ops.defer(decay, ops.mix(x, delta, mixW));
        Activations a = ops.defer(rate, ops.mix(x, delta, mixA));
        Activations g = ops.defer(gate, ops.mix(x, delta, mixG));
        Activations towardsFirst = valueResidual == null ? null : ops.defer(valueResidual, xv);
        ops.computeDeferred();
        if (towardsFirst == null) {
            ops.copyTo(stretch.firstValue(), v);
        } else {
            v = ops.mix(v, ops.subtract(stretch.firstValue(), v), ops.apply(Nonlinearity.SIGMOID, towardsFirst));
        }
        Activations logDecay = ops.apply(Nonlinearity.DECAY7, w);
        a = ops.apply(Nonlinearity.SIGMOID, a);

        Activations kk = ops.unitHeads(ops.scale(k, removalKey), heads);
        k = ops.mix(k, ops.subtract(ops.multiply(a, k), k), rateOnKey);
        Activations y = ops.wkv7(r, k, v, logDecay, kk, ops.multiply(a, kk), heads, state.part(MatrixState.ATT_KV));
        Activations out = ops.groupNorm(y, heads, normWeight, normBias);
        ops.addTo(out, ops.headBonus(r, k, bonus, v, heads));
        return ops.linear(output, ops.multiply(g, out));
    }

    /** {@code bias + up · f(down · x)}, of any rank. */
    private static Projection lowRank(Weights layer, String name, int width, Nonlinearity f, boolean biased) {
        int rank = layer.dimension(name + "1", 1, 2);
        return new Projection(layer.transposed(name + "1", width, rank), f, layer.transposed(name + "2", rank, width),
                biased ? layer.vector(name + "0", width) : null);
    }
}
