package io.rwkv.simd.internal.memory;

import io.rwkv.core.engine.Vector;

/** @param values not changed by anybody */
public record SimdVector(float[] values) implements Vector {
    @Override
    public int length() {
        return values.length;
    }
}
