package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.L;

import jdk.incubator.vector.FloatVector;

/** Arithmetic on ranges of arrays. Weights that hold for all rows are given as arrays of one row. */
public final class Elementwise {
    private Elementwise() {
    }

    /** {@code out = x + d ⊙ w}, the rows of w being those of x. */
    public static void mix(float[] x, float[] d, float[] w, float[] out, int from, int to) {
        int i = from;
        for (; i + L <= to; i += L) {
            FloatVector.fromArray(FLOATS, d, i).fma(FloatVector.fromArray(FLOATS, w, i),
                    FloatVector.fromArray(FLOATS, x, i)).intoArray(out, i);
        }
        for (; i < to; i++) {
            out[i] = x[i] + d[i] * w[i];
        }
    }

    /** {@code out = x + d ⊙ w} for one row at {@code at}. */
    public static void mixRow(float[] x, float[] d, float[] w, float[] out, int at, int columns) {
        int i = 0;
        for (; i + L <= columns; i += L) {
            FloatVector.fromArray(FLOATS, d, at + i).fma(FloatVector.fromArray(FLOATS, w, i),
                    FloatVector.fromArray(FLOATS, x, at + i)).intoArray(out, at + i);
        }
        for (; i < columns; i++) {
            out[at + i] = x[at + i] + d[at + i] * w[i];
        }
    }

    /** {@code out = x ⊙ w} for one row at {@code at}. */
    public static void scaleRow(float[] x, float[] w, float[] out, int at, int columns) {
        int i = 0;
        for (; i + L <= columns; i += L) {
            FloatVector.fromArray(FLOATS, x, at + i).mul(FloatVector.fromArray(FLOATS, w, i)).intoArray(out, at + i);
        }
        for (; i < columns; i++) {
            out[at + i] = x[at + i] * w[i];
        }
    }

    /** {@code out = x + w} for one row at {@code at}. */
    public static void addRow(float[] x, float[] w, float[] out, int at, int columns) {
        int i = 0;
        for (; i + L <= columns; i += L) {
            FloatVector.fromArray(FLOATS, x, at + i).add(FloatVector.fromArray(FLOATS, w, i)).intoArray(out, at + i);
        }
        for (; i < columns; i++) {
            out[at + i] = x[at + i] + w[i];
        }
    }

    /** {@code out = x ⊙ y}. */
    public static void multiply(float[] x, float[] y, float[] out, int from, int to) {
        int i = from;
        for (; i + L <= to; i += L) {
            FloatVector.fromArray(FLOATS, x, i).mul(FloatVector.fromArray(FLOATS, y, i)).intoArray(out, i);
        }
        for (; i < to; i++) {
            out[i] = x[i] * y[i];
        }
    }

    /** {@code out = x − y}. */
    public static void subtract(float[] x, float[] y, float[] out, int from, int to) {
        subtract(x, from, y, from, out, from, to - from);
    }

    /** {@code out[c + i] = x[a + i] − y[b + i]}. */
    public static void subtract(float[] x, int a, float[] y, int b, float[] out, int c, int count) {
        int i = 0;
        for (; i + L <= count; i += L) {
            FloatVector.fromArray(FLOATS, x, a + i).sub(FloatVector.fromArray(FLOATS, y, b + i)).intoArray(out, c + i);
        }
        for (; i < count; i++) {
            out[c + i] = x[a + i] - y[b + i];
        }
    }

    /** {@code out[b + i] = x[a + i] − y}. */
    public static void subtract(float[] x, int a, float y, float[] out, int b, int count) {
        int i = 0;
        for (; i + L <= count; i += L) {
            FloatVector.fromArray(FLOATS, x, a + i).sub(y).intoArray(out, b + i);
        }
        for (; i < count; i++) {
            out[b + i] = x[a + i] - y;
        }
    }

    /** {@code sum += y}. */
    public static void addTo(float[] sum, float[] y, int from, int to) {
        int i = from;
        for (; i + L <= to; i += L) {
            FloatVector.fromArray(FLOATS, sum, i).add(FloatVector.fromArray(FLOATS, y, i)).intoArray(sum, i);
        }
        for (; i < to; i++) {
            sum[i] += y[i];
        }
    }

    /** {@code y += factor · x}, ranges of so many numbers. */
    public static void addScaled(float factor, float[] x, int a, float[] y, int b, int count) {
        FloatVector f = FloatVector.broadcast(FLOATS, factor);
        int i = 0;
        for (; i + L <= count; i += L) {
            FloatVector.fromArray(FLOATS, x, a + i).fma(f, FloatVector.fromArray(FLOATS, y, b + i)).intoArray(y,
                    b + i);
        }
        for (; i < count; i++) {
            y[b + i] += factor * x[a + i];
        }
    }

    /** {@code out = x · factor}, ranges of so many numbers. */
    public static void multiply(float[] x, int a, float factor, float[] out, int b, int count) {
        int i = 0;
        for (; i + L <= count; i += L) {
            FloatVector.fromArray(FLOATS, x, a + i).mul(factor).intoArray(out, b + i);
        }
        for (; i < count; i++) {
            out[b + i] = x[a + i] * factor;
        }
    }
}
