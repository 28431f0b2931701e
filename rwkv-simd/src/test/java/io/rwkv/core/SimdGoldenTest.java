package io.rwkv.core;

class SimdGoldenTest extends GoldenConformance {
    @Override
    String engine() {
        return "simd";
    }
}
