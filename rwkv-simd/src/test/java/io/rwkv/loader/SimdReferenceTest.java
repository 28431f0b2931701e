package io.rwkv.loader;

import io.rwkv.simd.AtUsableWidth;

@AtUsableWidth
class SimdReferenceTest extends ReferenceConformance {
    @Override
    String engine() {
        return "simd";
    }
}
