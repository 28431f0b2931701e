package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Activations;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A float32 row-major array with the views that its operations need, made once: a view costs ND4J some 10 µs. */
final class Nd4jActivations implements Activations {
    /** [rows, columns]; its own memory from the first element on. */
    final INDArray array;
    private final int rows;
    private final int columns;
    private INDArray transposed;
    private INDArray flat;

    Nd4jActivations(INDArray array) {
        this.array = array;
        this.rows = (int) array.size(0);
        this.columns = (int) array.size(1);
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    /** [columns, rows], the same memory. */
    INDArray transposed() {
        if (transposed == null) {
            transposed = array.transpose();
        }
        return transposed;
    }

    /** [rows · columns], the same memory. */
    INDArray flat() {
        if (flat == null) {
            flat = array.reshape((long) rows * columns);
        }
        return flat;
    }

    /** Rows {@code from} to {@code to − 1} as a matrix, the same memory. */
    INDArray rows(int from, int to) {
        return from == 0 && to == rows ? array : array.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
    }
}
