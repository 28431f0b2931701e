package io.rwkv.core.internal.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Optional;

/**
 * The one way to ND4J for all that is not ND4J's own engine. ND4J is started here, with what it needs, before it computes
 * anything, and whether it can run is known before anything else is computed for its sake. Works, and says what is missing,
 * without any ND4J class there. Thread-safe.
 */
public final class Nd4jBridge {
    private Nd4jBridge() {
    }

    /** Why ND4J cannot run in this JVM, in a sentence that says what to add or change; empty if it runs. */
    public static Optional<String> obstacle() {
        return Nd4jStart.obstacle();
    }

    /** @throws IllegalStateException if ND4J cannot run, or JavaCPP would refuse memory; the message says what to add or change */
    private static void require(long elements) {
        Nd4jStart.obstacle().ifPresent(o -> {
            throw new IllegalStateException("ND4J arrays: " + o);
        });
        MemoryLimit.check(4 * elements);
    }

    /**
     * A new float32 array in row-major order, outside any ND4J workspace. The caller owns it.
     *
     * @param values copied
     * @throws IllegalStateException if ND4J cannot run, or JavaCPP would refuse memory; the message says what to add or change
     */
    public static INDArray array(float[] values, long... shape) {
        require(values.length);
        INDArray array = FreshArrays.create(shape);
        HostCopies.write(values, 0, values.length, array, 0);
        return array;
    }

    /**
     * A new float32 vector, outside any ND4J workspace, to be filled by its computation.
     *
     * @throws IllegalStateException if ND4J cannot run, or JavaCPP would refuse memory; the message says what to add or change
     */
    public static Nd4jResult vector(int length) {
        require(length);
        return new Nd4jResult(length);
    }

    /**
     * A new float32 matrix in row-major order, outside any ND4J workspace, to be filled by its computation.
     *
     * @throws IllegalStateException if ND4J cannot run, or JavaCPP would refuse memory; the message says what to add or change
     */
    public static Nd4jResult matrix(int rows, int columns) {
        require((long) rows * columns);
        return new Nd4jResult(rows, columns);
    }
}
