package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;

/** The tokens that go through the layers together, and what belongs to a token but is neither residual nor state. */
final class Stretch {
    /** The ids; those of this stretch begin at {@link #from}. */
    final int[] tokens;
    /** The index of the first id. */
    final int from;
    /** The number of tokens, T. */
    final int count;
    /** [T, C]: the normalised embedding. */
    final Activations embedded;
    /** [T, C]: RWKV-7's value of the first layer, which that layer sets and the others read. */
    final Activations firstValue;

    /** @param firstValue room for it, or null for versions without one */
    Stretch(int[] tokens, int from, int count, Activations embedded, Activations firstValue) {
        this.tokens = tokens;
        this.from = from;
        this.count = count;
        this.embedded = embedded;
        this.firstValue = firstValue;
    }
}
