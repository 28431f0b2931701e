package io.rwkv.core.engine;

/**
 * A weight matrix [rows = outputs, columns = inputs] in an engine's own form, applied as {@code W·x}. Immutable and safe for any
 * number of threads; belongs to the {@link Engine} that made it.
 */
public interface Matrix {
    /** The number of outputs. */
    int rows();

    /** The number of inputs. */
    int columns();
}
