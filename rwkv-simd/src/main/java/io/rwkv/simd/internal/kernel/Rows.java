package io.rwkv.simd.internal.kernel;

import io.rwkv.core.engine.Nonlinearity;

/** Operations on some rows, or on a range that holds whole rows, of row-major arrays. */
public final class Rows {
    private static final float SHORTEST_HEAD = 1e-12f;

    private Rows() {
    }

    /** One row from {@code at} on. */
    public static void normalise(float[] x, int at, int columns, int groups, float eps, float[] weight, float[] bias,
            float[] out) {
        int size = columns / groups;
        for (int g = 0; g < groups; g++) {
            Reductions.normalise(x, at + g * size, size, eps, weight, bias, g * size, out);
        }
    }

    /** {@code out} is neither {@code gate} nor {@code x}. */
    public static void gate(Nonlinearity f, float[] gate, float[] x, float[] out, int from, int to) {
        if (f == Nonlinearity.IDENTITY) {
            Elementwise.multiply(gate, x, out, from, to);
        } else {
            VectorMath.apply(f, gate, out, from, to);
            Elementwise.multiply(out, x, out, from, to);
        }
    }

    public static void unitHeads(float[] x, int size, float[] out, int from, int to) {
        for (int at = from; at < to; at += size) {
            float length = (float) Math.sqrt(Reductions.squares(x, at, size, 0));
            Elementwise.multiply(x, at, 1 / Math.max(length, SHORTEST_HEAD), out, at, size);
        }
    }

    public static void headBonus(float[] r, float[] k, float[] weight, float[] v, int size, float[] out, int from,
            int to) {
        for (int at = from; at < to; at += size) {
            float sum = Reductions.dot(r, k, at, weight, at % weight.length, size);
            Elementwise.multiply(v, at, sum, out, at, size);
        }
    }
}
