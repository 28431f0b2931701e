package io.rwkv.simd.internal.memory;

import io.rwkv.core.engine.Activations;

/** A place in a {@link Scratch}, used again for other activations. */
public final class SimdActivations implements Activations {
    static final float[] NONE = {};

    /** Row-major, at least rows · columns. */
    public float[] values = NONE;
    public int rows;
    public int columns;
    int needed; // the most numbers that the present call has had here

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    public int size() {
        return rows * columns;
    }
}
