package io.rwkv.simd;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

/** A float32 tensor that lies in an array. */
record HeapTensor(String name, long[] shape, float[] values) implements StoredTensor {
    @Override
    public DType dtype() {
        return DType.F32;
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
