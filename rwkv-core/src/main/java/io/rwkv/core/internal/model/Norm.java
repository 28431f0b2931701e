package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Vector;

/** A layer normalisation with its weights, each [C]. */
record Norm(Vector weight, Vector bias) {
    static Norm load(Weights weights, String name, int width) {
        return new Norm(weights.vector(name + ".weight", width), weights.vector(name + ".bias", width));
    }

    Activations apply(Ops ops, Activations x) {
        return ops.layerNorm(x, weight, bias);
    }
}
