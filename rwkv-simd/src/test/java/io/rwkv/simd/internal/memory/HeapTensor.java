package io.rwkv.simd.internal.memory;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

/** A tensor that lies in an array, of whatever type it says. */
public record HeapTensor(String name, DType dtype, long[] shape, float[] values) implements StoredTensor {
    public HeapTensor(String name, long[] shape, float[] values) {
        this(name, DType.F32, shape, values);
    }

    @Override
    public long[] shape() {
        return shape.clone();
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
