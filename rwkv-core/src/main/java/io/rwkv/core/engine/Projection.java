package io.rwkv.core.engine;

import java.util.Objects;

/**
 * A linear map of activations: {@code matrix · x}, or, with a waist, the low-rank {@code bias + matrix · f(down · x)}.
 * Immutable.
 *
 * @param down to the waist; null for a map without one
 * @param waist f, applied at the waist
 * @param matrix the map itself, or the way up from the waist
 * @param bias may be null
 */
public record Projection(Matrix down, Nonlinearity waist, Matrix matrix, Vector bias) {
    /** Refuses a map without a matrix. */
    public Projection {
        Objects.requireNonNull(waist, "waist");
        Objects.requireNonNull(matrix, "matrix");
    }

    /** A map without waist and bias. */
    public static Projection of(Matrix matrix) {
        return new Projection(null, Nonlinearity.IDENTITY, matrix, null);
    }
}
