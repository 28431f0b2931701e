package io.rwkv.core.internal.model;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

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
        StoredTensor tensor = file.tensor(prefix + name, length);
        float[] values = tensor.toFloats();
        for (int i = 0; i < values.length; i++) {
            values[i] = change.apply(values[i]);
        }
        Vector vector = engine.vector(values);
        meter.count(tensor);
        return vector;
    }

    Matrix matrix(String name, int rows, int columns) {
        StoredTensor tensor = file.tensor(prefix + name, rows, columns);
        Matrix matrix = engine.matrix(tensor);
        meter.count(tensor);
        return matrix;
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
            this.total = file.names().stream().mapToLong(n -> bytes(file.tensor(n))).sum();
        }

        private static long bytes(StoredTensor tensor) {
            return tensor.elementCount() * tensor.dtype().size();
        }

        StoredTensor count(StoredTensor tensor) {
            done += bytes(tensor);
            if (done < total) {
                progress.report(done, total);
            }
            return tensor;
        }

        /** Tensors that the model does not use are skipped, and done with too. */
        void finished() {
            progress.report(total, total);
        }
    }
}
