package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;

/** Mixes each token with those before it. One implementation per RWKV version, with that version's weights of one layer. */
interface TimeMix {
    /**
     * @param x [T, C], normalised
     * @param stretch the tokens themselves and what one layer leaves for another
     * @return [T, C], to be added to the residual stream
     */
    Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch);
}
