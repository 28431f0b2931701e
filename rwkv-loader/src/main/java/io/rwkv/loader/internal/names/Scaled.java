package io.rwkv.loader.internal.names;

import io.rwkv.core.internal.tensor.ForwardingTensor;
import io.rwkv.core.tensor.StoredTensor;

/** A tensor with all values multiplied by a power of two, which is exact. */
public final class Scaled extends ForwardingTensor {
    private final float factor;

    Scaled(StoredTensor source, float factor) {
        super(source);
        this.factor = factor;
    }

    @Override
    public void read(long first, float[] to, int at, int count) {
        source().read(first, to, at, count);
        for (int i = 0; i < count; i++) {
            to[at + i] *= factor;
        }
    }
}
