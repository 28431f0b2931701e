package io.rwkv.core;

import io.rwkv.simd.AtUsableWidth;

@AtUsableWidth
class SimdGoldenTest extends GoldenConformance {
    @Override
    String engine() {
        return "simd";
    }
}
