package io.rwkv.core;

class Nd4jGoldenTest extends GoldenConformance {
    @Override
    String engine() {
        return "nd4j";
    }
}
