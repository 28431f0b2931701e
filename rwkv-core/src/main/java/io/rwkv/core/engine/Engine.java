package io.rwkv.core.engine;

import io.rwkv.core.tensor.StoredTensor;

import java.util.OptionalDouble;

/**
 * Holds one model's weights in its own form and computes with them. Safe for any number of threads; each call of a model
 * borrows an {@link Ops} of its own.
 */
public interface Engine extends AutoCloseable {
    /** The name users choose it by, such as {@code nd4j}. */
    String name();

    /** Takes over a small parameter. The array is not kept. */
    Vector vector(float[] values);

    /**
     * Takes over a weight matrix, converting it to the engine's form.
     *
     * @param weights [outputs, inputs]
     * @param use may decide the form
     * @throws IllegalArgumentException if the precision asked for cannot hold these weights
     * @throws ArithmeticException if the nearest to how they are stored cannot, as blocks cannot hold NaN
     */
    Matrix matrix(StoredTensor weights, MatrixUse use);

    /** The bytes of the weight matrices: what computing one token reads, the embedding's row apart. */
    long weightBytes();

    /**
     * Of the hidden units of channel mixes computed so far for one token at a time, the share that was zero and whose weights
     * were not read; empty if none was computed, or the engine does not skip any.
     */
    default OptionalDouble skippedShare() {
        return OptionalDouble.empty();
    }

    /** Operations for one call of the model, by one thread; closed at its end. */
    Ops ops();

    /** Frees the weights at once. No {@link Ops} may be open. */
    @Override
    void close();
}
