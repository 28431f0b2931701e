package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;

/** One layer of a network. Immutable. */
interface Block {
    /**
     * @param h [T, C]: the residual stream, which the layer adds to
     * @param stretch the tokens themselves and what one layer leaves for another
     */
    void apply(Ops ops, Activations h, LayerState state, Stretch stretch);
}
