package io.rwkv.core;

import io.rwkv.simd.AtUsableWidth;

@AtUsableWidth
class SimdStateTest extends StateConformance {
    @Override
    String engine() {
        return "simd";
    }
}
