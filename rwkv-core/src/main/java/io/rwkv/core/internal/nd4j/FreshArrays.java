package io.rwkv.core.internal.nd4j;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Makes arrays that live until they are closed. */
final class FreshArrays {
    private FreshArrays() {
    }

    /**
     * A float32 array in row-major order with undefined contents, whatever type the application has made ND4J's default, and
     * outside any ND4J workspace that the calling thread has open: weights, results and scratch arrays outlive it.
     *
     * @throws IllegalStateException if JavaCPP would refuse the memory
     */
    @SuppressWarnings("try") // the scope is not referred to; it only has to be open
    static INDArray create(long... shape) {
        long bytes = Float.BYTES;
        for (long length : shape) {
            bytes *= length;
        }
        MemoryLimit.check(bytes);
        try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
        }
    }
}
