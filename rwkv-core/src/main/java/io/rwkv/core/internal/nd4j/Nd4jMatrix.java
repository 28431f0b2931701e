package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Matrix;

import org.nd4j.linalg.api.ndarray.INDArray;

/** @param array [rows, columns], float32, row-major */
record Nd4jMatrix(INDArray array) implements Matrix {
    @Override
    public int rows() {
        return (int) array.size(0);
    }

    @Override
    public int columns() {
        return (int) array.size(1);
    }
}
