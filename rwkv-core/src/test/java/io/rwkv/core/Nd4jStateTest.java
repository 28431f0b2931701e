package io.rwkv.core;

class Nd4jStateTest extends StateConformance {
    @Override
    String engine() {
        return "nd4j";
    }
}
