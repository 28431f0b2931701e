package io.rwkv.core.engine;

/** A weight matrix [rows = outputs, columns = inputs] in an engine's own form, applied as {@code W·x}. Immutable. */
public interface Matrix {
    /** The number of outputs. */
    int rows();

    /** The number of inputs. */
    int columns();
}
