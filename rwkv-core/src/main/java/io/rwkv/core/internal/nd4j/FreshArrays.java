package io.rwkv.core.internal.nd4j;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Makes arrays that live until they are closed. */
public final class FreshArrays {
    private FreshArrays() {
    }

    /**
     * A float32 array in row-major order with undefined contents, outside any ND4J workspace that the calling thread has open:
     * weights and scratch arrays outlive it.
     */
    @SuppressWarnings("try") // the scope is not referred to; it only has to be open
    public static INDArray create(long... shape) {
        try (MemoryWorkspace outside = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
        }
    }
}
