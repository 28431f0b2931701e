package io.rwkv.core.engine;

import io.rwkv.core.tensor.StoredTensor;

import java.util.OptionalDouble;

/**
 * Holds the weights of one model in its own form and computes with them. Weights are added by one thread while the model is
 * loaded. After that it is safe for any number of threads: each call of the model takes its own {@link Ops}. The model owns its
 * engine and closes it.
 */
public interface Engine extends AutoCloseable {
    /** The name by which users choose the engine, such as {@code nd4j}. */
    String name();

    /**
     * Loads a small parameter.
     *
     * @param values one per channel; copied
     */
    Vector vector(float[] values);

    /**
     * Loads a weight matrix and converts it to the engine's form.
     *
     * @param weights [outputs, inputs]; not needed any more when this returns
     * @param use may decide the form
     * @throws IllegalArgumentException if the precision that the caller asked for cannot hold these weights
     * @throws ArithmeticException if the precision in which they are stored cannot hold them, such as NaN in blocks
     */
    Matrix matrix(StoredTensor weights, MatrixUse use);

    /** The size of all weight matrices in bytes: what is read to compute one token, without the embedding table. */
    long weightBytes();

    /**
     * The share of hidden units in channel mixes, from 0 to 1, that were zero and whose weights were not read. Only tokens
     * computed one at a time count.
     *
     * @return empty if no token was computed alone, or if the engine skips nothing
     */
    default OptionalDouble skippedShare() {
        return OptionalDouble.empty();
    }

    /** The operations for one call of the model, in one thread. The caller closes them at the end of the call. */
    Ops ops();

    /** Frees the weights at once. No {@link Ops} may be open, and none may be asked for afterwards. */
    @Override
    void close();
}
