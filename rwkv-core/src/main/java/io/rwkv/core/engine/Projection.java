package io.rwkv.core.engine;

import java.util.Objects;

/**
 * A linear map of activations: {@code matrix · x + bias}, or the low-rank map {@code matrix · f(down · x) + bias}. Immutable and
 * safe for any number of threads.
 *
 * @param down [rank, inputs], the first matrix of a low-rank map; null for a map that is not low-rank
 * @param waist f, applied between the two matrices of a low-rank map
 * @param matrix [outputs, inputs], or the second matrix of a low-rank map, [outputs, rank]
 * @param bias [outputs]; null for none
 */
public record Projection(Matrix down, Nonlinearity waist, Matrix matrix, Vector bias) {
    /**
     * Checks that there is a matrix and a function.
     *
     * @throws NullPointerException if one is null
     */
    public Projection {
        Objects.requireNonNull(waist, "waist");
        Objects.requireNonNull(matrix, "matrix");
    }

    /** The map {@code matrix · x}. */
    public static Projection of(Matrix matrix) {
        return new Projection(null, Nonlinearity.IDENTITY, matrix, null);
    }
}
