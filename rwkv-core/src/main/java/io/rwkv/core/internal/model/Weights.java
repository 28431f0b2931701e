package io.rwkv.core.internal.model;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.MatrixUse;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.internal.tensor.Transposed;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import java.util.Arrays;

/** Hands the tensors of a checkpoint to an engine, under a common prefix of their names, and reports how far it is. */
final class Weights {
    /** Changes the values of a small parameter once, while it is loaded. */
    @FunctionalInterface
    interface Change {
        float apply(float value);
    }

    private final TensorFile file;
    private final Engine engine;
    private final String prefix;
    private final Meter meter;

    Weights(TensorFile file, Engine engine, LoadProgress progress) {
        this(file, engine, "", new Meter(file, progress));
    }

    private Weights(TensorFile file, Engine engine, String prefix, Meter meter) {
        this.file = file;
        this.engine = engine;
        this.prefix = prefix;
        this.meter = meter;
    }

    Weights below(String name) {
        return new Weights(file, engine, prefix + name, meter);
    }

    /** Left in the file, to be read row by row. */
    StoredTensor table(String name, int rows, int columns) {
        return meter.count(file.tensor(prefix + name, rows, columns));
    }

    Vector vector(String name, int length) {
        return vector(name, length, value -> value);
    }

    Vector vector(String name, int length, Change change) {
        return vector(change, file.tensor(prefix + name, length));
    }

    private Vector vector(Change change, StoredTensor tensor) {
        float[] values = tensor.toFloats();
        for (int i = 0; i < values.length; i++) {
            values[i] = change.apply(values[i]);
        }
        Vector vector = engine.vector(values);
        meter.count(tensor);
        return vector;
    }

    Matrix matrix(String name, int rows, int columns) {
        return matrix(name, rows, columns, MatrixUse.GENERAL);
    }

    Matrix matrix(String name, int rows, int columns, MatrixUse use) {
        StoredTensor tensor = file.tensor(prefix + name, rows, columns);
        Matrix matrix = held(tensor, use);
        meter.count(tensor);
        return matrix;
    }

    private Matrix held(StoredTensor tensor, MatrixUse use) {
        try {
            return engine.matrix(tensor, use);
        } catch (ArithmeticException e) {
            throw RwkvFormatException.inTensor(file.path(), tensor.name(), e.getMessage());
        }
    }

    /** A matrix applied as it is. */
    Projection projection(String name, int rows, int columns) {
        return Projection.of(matrix(name, rows, columns));
    }

    boolean contains(String name) {
        return file.contains(prefix + name);
    }

    /**
     * The length of one dimension of a tensor with so many of them.
     *
     * @throws RwkvFormatException if it has another number of dimensions
     */
    int dimension(String name, int index, int dimensions) {
        long[] shape = file.tensor(prefix + name).shape();
        if (shape.length != dimensions || shape[index] < 1 || shape[index] > 1 << 16) {
            throw RwkvFormatException.inTensor(file.path(), prefix + name,
                    "expected " + dimensions + " dimensions, found shape " + Arrays.toString(shape));
        }
        return (int) shape[index];
    }

    /** A parameter with one value per channel, [H, N], or one per head, [H], which then holds for all channels of the head. */
    Vector headVector(String name, int heads, int width, Change change) {
        if (file.tensor(prefix + name).elementCount() == heads) {
            StoredTensor tensor = file.tensor(prefix + name, heads);
            float[] perHead = tensor.toFloats();
            float[] values = new float[width];
            for (int i = 0; i < width; i++) {
                values[i] = change.apply(perHead[i / (width / heads)]);
            }
            meter.count(tensor);
            return engine.vector(values);
        }
        return vector(change, file.tensor(prefix + name, heads, width / heads));
    }

    /** A small matrix stored as [inputs, outputs]. */
    Matrix transposed(String name, int inputs, int outputs) {
        StoredTensor tensor = file.tensor(prefix + name, inputs, outputs);
        // Files that hold it the other way round show it transposed; it is then read as it lies there.
        Matrix matrix = held(Transposed.of(tensor), MatrixUse.LOW_RANK);
        meter.count(tensor);
        return matrix;
    }

    /** A small matrix stored as [inputs, outputs], in so many pieces side by side. */
    Matrix[] transposedSlices(String name, int inputs, int outputs, int pieces) {
        StoredTensor tensor = file.tensor(prefix + name, inputs, outputs);
        float[] values = tensor.toFloats();
        int rows = outputs / pieces;
        Matrix[] matrices = new Matrix[pieces];
        for (int piece = 0; piece < pieces; piece++) {
            float[] rowMajor = new float[rows * inputs];
            for (int i = 0; i < inputs; i++) {
                for (int o = 0; o < rows; o++) {
                    rowMajor[o * inputs + i] = values[i * outputs + piece * rows + o];
                }
            }
            matrices[piece] = held(new HeapTensor(tensor.name(), tensor.dtype(), rows, inputs, rowMajor),
                    MatrixUse.LOW_RANK);
        }
        meter.count(tensor);
        return matrices;
    }

    /** Small matrices stored as [count, inputs, outputs]. */
    Matrix[] stackedTransposed(String name, int count, int inputs, int outputs) {
        StoredTensor tensor = file.tensor(prefix + name, count, inputs, outputs);
        float[] values = tensor.toFloats();
        Matrix[] matrices = new Matrix[count];
        for (int m = 0; m < count; m++) {
            float[] rowMajor = new float[inputs * outputs];
            for (int i = 0; i < inputs; i++) {
                for (int o = 0; o < outputs; o++) {
                    rowMajor[o * inputs + i] = values[(m * inputs + i) * outputs + o];
                }
            }
            matrices[m] = held(new HeapTensor(tensor.name(), tensor.dtype(), outputs, inputs, rowMajor),
                    MatrixUse.LOW_RANK);
        }
        meter.count(tensor);
        return matrices;
    }

    void finished() {
        meter.finished();
    }

    private static final class Meter {
        private final LoadProgress progress;
        private final long total;
        private long done;

        Meter(TensorFile file, LoadProgress progress) {
            this.progress = progress;
            this.total = file.tensors().stream().mapToLong(Meter::bytes).sum();
        }

        private static long bytes(StoredTensor tensor) {
            return tensor.dtype().bytes(tensor.elementCount());
        }

        StoredTensor count(StoredTensor tensor) {
            done += bytes(tensor);
            if (done < total) {
                progress.report(done, total);
            }
            return tensor;
        }

        /** The whole is done with, which {@link #count} leaves unsaid. */
        void finished() {
            progress.report(total, total);
        }
    }
}
