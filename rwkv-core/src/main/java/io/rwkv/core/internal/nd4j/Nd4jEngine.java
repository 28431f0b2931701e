package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.MatrixUse;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Vector;
import io.rwkv.core.tensor.StoredTensor;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Computes with ND4J arrays on whatever backend the application brings, CPU or CUDA. Weights are float32. The readable
 * reference that faster engines are tested against.
 */
final class Nd4jEngine implements Engine {
    private static final int COPY_BLOCK = 1 << 18; // elements

    private final List<INDArray> weights = new ArrayList<>();
    private long weightBytes; // written while loading, by one thread
    private final Deque<Nd4jOps> idle = new ArrayDeque<>();

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public Vector vector(float[] values) {
        INDArray row = keep(1, values.length);
        HostCopies.write(values, 0, values.length, row, 0);
        return new Nd4jVector(row);
    }

    @Override
    public Matrix matrix(StoredTensor stored, MatrixUse use) {
        long[] shape = stored.shape();
        int count = Math.toIntExact(stored.elementCount());
        INDArray array = keep(shape[0], shape[1]);
        weightBytes += 4L * count;
        float[] block = new float[Math.min(count, COPY_BLOCK)];
        for (int done = 0; done < count; done += block.length) {
            int length = Math.min(block.length, count - done);
            stored.read(done, block, 0, length);
            HostCopies.write(block, 0, length, array, done);
        }
        return new Nd4jMatrix(array);
    }

    private INDArray keep(long rows, long columns) {
        INDArray array = FreshArrays.create(rows, columns);
        synchronized (weights) {
            weights.add(array);
        }
        return array;
    }

    @Override
    public long weightBytes() {
        return weightBytes;
    }

    @Override
    public Ops ops() {
        synchronized (idle) {
            Nd4jOps ops = idle.poll();
            return ops != null ? ops : new Nd4jOps(this::giveBack);
        }
    }

    /** Keeps one call's scratch arrays for the next call; more callers at once than that is rare and pays for its own. */
    private void giveBack(Nd4jOps ops) {
        synchronized (idle) {
            if (idle.size() < 2) {
                idle.push(ops);
                return;
            }
        }
        ops.free();
    }

    @Override
    public void close() {
        synchronized (idle) {
            idle.forEach(Nd4jOps::free);
            idle.clear();
        }
        synchronized (weights) {
            weights.forEach(INDArray::close);
            weights.clear();
        }
    }
}
