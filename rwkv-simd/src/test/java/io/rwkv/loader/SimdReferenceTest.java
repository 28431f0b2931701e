package io.rwkv.loader;

class SimdReferenceTest extends ReferenceConformance {
    @Override
    String engine() {
        return "simd";
    }
}
