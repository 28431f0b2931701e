package io.rwkv.loader;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

/** A tensor with all values multiplied by a power of two, which is exact. */
record Scaled(StoredTensor source, float factor) implements StoredTensor {
    @Override
    public String name() {
        return source.name();
    }

    @Override
    public DType dtype() {
        return source.dtype();
    }

    @Override
    public long[] shape() {
        return source.shape();
    }

    @Override
    public long elementCount() {
        return source.elementCount();
    }

    @Override
    public void read(long first, float[] to, int at, int count) {
        source.read(first, to, at, count);
        for (int i = 0; i < count; i++) {
            to[at + i] *= factor;
        }
    }
}
