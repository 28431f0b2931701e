package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;

/** Receives what a call wants, for consecutive tokens. What it throws ends the call, and the state stays as it was. */
@FunctionalInterface
public interface Sink {
    /**
     * @param values one row per token; valid during this call only
     * @param row the number of the first row, counted over the whole call
     */
    void accept(Ops ops, Activations values, int row);
}
