package io.rwkv.core.internal.model;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

/**
 * A small matrix rearranged on the heap, on its way to an engine.
 *
 * @param dtype the element type in the file, which can hold all values exactly
 * @param values [rows, columns], row-major
 */
record HeapTensor(String name, DType dtype, int rows, int columns, float[] values) implements StoredTensor {
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
