package io.rwkv.core;

import io.rwkv.simd.AtUsableWidth;

@AtUsableWidth
class SimdBatchTest extends BatchConformance {
    @Override
    String engine() {
        return "simd";
    }

    /** The width is no multiple of the lanes: elements of one row are computed by other code than those of many. */
    @Override
    boolean exact() {
        return false;
    }
}
