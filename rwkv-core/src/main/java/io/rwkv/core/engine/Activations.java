package io.rwkv.core.engine;

/**
 * Float32 values flowing through a model: one row per token, row-major. Belongs to the {@link Ops} that made it and is gone
 * once that has released it.
 */
public interface Activations {
    /** The number of tokens, T. */
    int rows();

    /** The number of channels. */
    int columns();
}
