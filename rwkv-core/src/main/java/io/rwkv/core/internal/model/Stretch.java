package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;

/**
 * The tokens that go through the layers together, and what belongs to a token but is neither residual nor state. Kept with a
 * {@link Pass} and used for one stretch after the other, so that no token needs a new one.
 */
final class Stretch {
    private final int[] tokens;
    private int count;
    private Activations embedded;
    private Activations firstValue;

    /** @param capacity the most tokens */
    Stretch(int capacity) {
        tokens = new int[capacity];
    }

    /** Puts some ids into the rows from {@code row} on. */
    void put(int row, int[] ids, int from, int number) {
        System.arraycopy(ids, from, tokens, row, number);
    }

    /** The number of tokens from now on. */
    void setCount(int number) {
        count = number;
    }

    /** @param value room for it, or null for versions without one */
    void begin(Activations normalisedEmbedding, Activations value) {
        embedded = normalisedEmbedding;
        firstValue = value;
    }

    /** Holds on to nothing of the call. */
    void end() {
        begin(null, null);
    }

    /** The ids, from index 0 on. */
    int[] tokens() {
        return tokens;
    }

    /** The number of tokens, T. */
    int count() {
        return count;
    }

    /** [T, C]: the normalised embedding. */
    Activations embedded() {
        return embedded;
    }

    /** [T, C]: RWKV-7's value of the first layer, which that layer sets and the others read. */
    Activations firstValue() {
        return firstValue;
    }
}
