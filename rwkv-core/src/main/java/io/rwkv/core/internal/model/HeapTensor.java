package io.rwkv.core.internal.model;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

/**
 * A small matrix rearranged on the heap, on its way to an engine.
 *
 * @param values [rows, columns], row-major
 */
record HeapTensor(String name, int rows, int columns, float[] values) implements StoredTensor {
    @Override
    public DType dtype() {
        return DType.F32;
    }

    @Override
    public long[] shape() {
        return new long[]{rows, columns};
    }

    @Override
    public long elementCount() {
        return values.length;
    }

    @Override
    public void read(long first, float[] to, int at, int count) {
        System.arraycopy(values, Math.toIntExact(first), to, at, count);
    }
}
