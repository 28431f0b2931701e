package io.rwkv.loader;

class Nd4jReferenceTest extends ReferenceConformance {
    @Override
    String engine() {
        return "nd4j";
    }
}
