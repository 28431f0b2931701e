package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * An array in the making, filled from its first row to its last. It may have more elements than a Java array, and while it is
 * filled no more than a megabyte of it is held twice. For one thread.
 */
public final class Nd4jResult implements AutoCloseable {
    private static final int BLOCK = 1 << 18; // elements on their way from the engine to ND4J

    private final long[] shape;
    private INDArray array; // null before the first row, and once taken or closed
    private int filled; // rows

    /** @param shape [columns] for one row, or [rows, columns] */
    Nd4jResult(long... shape) {
        this.shape = shape;
    }

    /** Appends {@code rows} rows of {@code x} from {@code first} on. */
    public void add(Ops ops, Activations x, int first, int rows) {
        if (array == null) {
            array = FreshArrays.create(shape);
        }
        int columns = x.columns();
        int blockRows = Math.min(rows, Math.max(1, BLOCK / columns));
        float[] block = new float[blockRows * columns];
        for (int done = 0; done < rows; done += blockRows) {
            int count = Math.min(blockRows, rows - done);
            ops.read(x, first + done, count, block, 0);
            append(block, count, columns);
            filled += count;
        }
    }

    private void append(float[] block, int count, int columns) {
        if (shape.length == 1) {
            HostCopies.write(block, 0, columns, array, 0);
            return;
        }
        try (INDArray some = FreshArrays.create(count, columns)) {
            HostCopies.write(block, 0, count * columns, some, 0);
            // What lies past 2³¹ elements is out of reach of Java's buffers, but not of ND4J's own copying.
            array.get(NDArrayIndex.interval(filled, filled + count), NDArrayIndex.all()).assign(some);
        }
    }

    /** The array, which is the caller's from now on. All rows must have been added. */
    public INDArray take() {
        INDArray taken = array;
        array = null;
        return taken;
    }

    /** Frees the array, unless it has been taken. */
    @Override
    public void close() {
        if (array != null) {
            array.close();
            array = null;
        }
    }
}
