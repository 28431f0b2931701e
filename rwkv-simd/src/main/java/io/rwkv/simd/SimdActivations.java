package io.rwkv.simd;

import io.rwkv.core.engine.Activations;

/** A place in a {@link Scratch}, used again for other activations. */
final class SimdActivations implements Activations {
    /** Row-major, at least rows · columns. */
    float[] values = new float[0];
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
