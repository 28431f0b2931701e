package io.rwkv.core;

import io.rwkv.simd.AtUsableWidth;

@AtUsableWidth
class SimdBatchTest extends BatchConformance {
    @Override
    String engine() {
        return "simd";
    }

    /** The weights are float32, of which both kinds of products sum in the same order. */
    @Override
    boolean exact() {
        return true;
    }
}
