package io.rwkv.simd;

import io.rwkv.core.engine.Activations;

/** A place in a {@link Scratch}, used again for other activations. */
final class SimdActivations implements Activations {
    static final float[] NONE = {};

    /** Row-major, at least rows · columns. */
    float[] values = NONE;
    int rows;
    int columns;

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    int size() {
        return rows * columns;
    }
}
