package io.rwkv.core.engine;

/**
 * Float32 values [rows, columns] on their way through a model: one row per token, row-major. Belongs to the {@link Ops} that
 * made it, is used by the same thread only, and must not be used after {@link Ops#release} or {@link Ops#close} has released
 * it.
 */
public interface Activations {
    /** The number of tokens, T. */
    int rows();

    /** The number of channels. */
    int columns();
}
