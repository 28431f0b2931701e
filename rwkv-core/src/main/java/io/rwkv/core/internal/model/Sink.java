package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;

/** Receives what a sequence wants, for consecutive tokens. What it throws ends the call, and all states stay as they were. */
@FunctionalInterface
public interface Sink {
    /**
     * @param values valid during this call only
     * @param row the first of the sequence's rows in {@code values}
     * @param count the number of its rows, at least one
     * @param token the index of the first row's token in the sequence
     */
    void accept(Ops ops, Activations values, int row, int count, int token);
}
