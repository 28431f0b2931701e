package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Vector;

import org.nd4j.linalg.api.ndarray.INDArray;

/** @param row [1, length], float32: a row broadcasts over the rows of a matrix */
record Nd4jVector(INDArray row) implements Vector {
    @Override
    public int length() {
        return (int) row.size(1);
    }
}
