package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;

/**
 * The tokens that go through the layers together, and what belongs to a token but is neither residual nor state. Kept with a
 * {@link Pass} and used for one stretch after the other, so that no token needs a new one.
 */
final class Stretch {
    private int[] tokens;
    private int from;
    private int count;
    private Activations embedded;
    private Activations firstValue;

    /** @param firstValue room for it, or null for versions without one */
    void begin(int[] tokens, int from, int count, Activations embedded, Activations firstValue) {
        this.tokens = tokens;
        this.from = from;
        this.count = count;
        this.embedded = embedded;
        this.firstValue = firstValue;
    }

    /** Holds on to nothing of the call. */
    void end() {
        begin(null, 0, 0, null, null);
    }

    /** The ids; those of this stretch begin at {@link #from}. */
    int[] tokens() {
        return tokens;
    }

    /** The index of the first id. */
    int from() {
        return from;
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
