package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;

/** Mixes the channels of each token, the gated feed-forward of RWKV. */
interface ChannelMix {
    /**
     * @param x [T, C], normalised
     * @param stretch the tokens themselves and what one layer leaves for another
     * @return [T, C], to be added to the residual stream
     */
    Activations apply(Ops ops, Activations x, LayerState state, Stretch stretch);
}
