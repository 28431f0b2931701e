package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.L;

import io.rwkv.simd.internal.memory.TiledMatrix;

import java.util.Arrays;

import jdk.incubator.vector.FloatVector;

/**
 * Products of one tile with many vectors: the tile is widened to float32, a panel of columns at a time, and slices of the
 * panel are multiplied with six vectors at once. That takes twelve vectors of sums and three of operands, one less than the
 * registers of processors without AVX-512.
 */
public final class Gemm {
    /** Rows that are multiplied together. */
    static final int SLICE = 2 * L;
    /** Numbers of a panel: 256 kB, which stay in a core's second-level cache. */
    public static final int PANEL = 1 << 16;

    private Gemm() {
    }

    /**
     * @param x [count, columns]
     * @param y [count, stride], receives the tile's rows from {@code to} on
     * @param panel scratch of PANEL numbers
     */
    public static void tile(TiledMatrix m, int tile, float[] x, int count, float[] y, int to, int stride,
            float[] panel) {
        int columns = m.columns();
        int rows = m.format().rows();
        for (int t = 0; t < count; t++) {
            Arrays.fill(y, to + t * stride, to + t * stride + rows, 0);
        }
        for (int from = 0; from < columns; from += PANEL / rows) {
            int n = Math.min(PANEL / rows, columns - from);
            Panels.widen(m, tile, from, n, panel);
            for (int slice = 0; slice < rows / SLICE; slice++) {
                int p = slice * n * SLICE;
                int column = to + slice * SLICE;
                int t = 0;
                for (; t + 6 <= count; t += 6) {
                    six(panel, p, n, x, t * columns + from, columns, y, column + t * stride, stride);
                }
                for (; t < count; t += 2) {
                    // Of an odd number the last is done twice, with the same result.
                    int other = t + 1 < count ? 1 : 0;
                    two(panel, p, n, x, t * columns + from, other * columns, y, column + t * stride, other * stride);
                }
            }
        }
    }

    /** Adds to a slice of six rows of y. Nothing but the loop, so that all sums stay in registers. */
    private static void six(float[] panel, int p, int n, float[] x, int x0, int step, float[] y, int y0, int stride) {
        int x1 = x0 + step;
        int x2 = x1 + step;
        int x3 = x2 + step;
        int x4 = x3 + step;
        int x5 = x4 + step;
        int y1 = y0 + stride;
        int y2 = y1 + stride;
        int y3 = y2 + stride;
        int y4 = y3 + stride;
        int y5 = y4 + stride;
        FloatVector a0 = FloatVector.fromArray(FLOATS, y, y0);
        FloatVector a1 = FloatVector.fromArray(FLOATS, y, y0 + L);
        FloatVector b0 = FloatVector.fromArray(FLOATS, y, y1);
        FloatVector b1 = FloatVector.fromArray(FLOATS, y, y1 + L);
        FloatVector c0 = FloatVector.fromArray(FLOATS, y, y2);
        FloatVector c1 = FloatVector.fromArray(FLOATS, y, y2 + L);
        FloatVector d0 = FloatVector.fromArray(FLOATS, y, y3);
        FloatVector d1 = FloatVector.fromArray(FLOATS, y, y3 + L);
        FloatVector e0 = FloatVector.fromArray(FLOATS, y, y4);
        FloatVector e1 = FloatVector.fromArray(FLOATS, y, y4 + L);
        FloatVector f0 = FloatVector.fromArray(FLOATS, y, y5);
        FloatVector f1 = FloatVector.fromArray(FLOATS, y, y5 + L);
        for (int k = 0; k < n; k++) {
            FloatVector w0 = FloatVector.fromArray(FLOATS, panel, p);
            FloatVector w1 = FloatVector.fromArray(FLOATS, panel, p + L);
            FloatVector v = FloatVector.broadcast(FLOATS, x[x0 + k]);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            v = FloatVector.broadcast(FLOATS, x[x1 + k]);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
            v = FloatVector.broadcast(FLOATS, x[x2 + k]);
            c0 = w0.fma(v, c0);
            c1 = w1.fma(v, c1);
            v = FloatVector.broadcast(FLOATS, x[x3 + k]);
            d0 = w0.fma(v, d0);
            d1 = w1.fma(v, d1);
            v = FloatVector.broadcast(FLOATS, x[x4 + k]);
            e0 = w0.fma(v, e0);
            e1 = w1.fma(v, e1);
            v = FloatVector.broadcast(FLOATS, x[x5 + k]);
            f0 = w0.fma(v, f0);
            f1 = w1.fma(v, f1);
            p += SLICE;
        }
        a0.intoArray(y, y0);
        a1.intoArray(y, y0 + L);
        b0.intoArray(y, y1);
        b1.intoArray(y, y1 + L);
        c0.intoArray(y, y2);
        c1.intoArray(y, y2 + L);
        d0.intoArray(y, y3);
        d1.intoArray(y, y3 + L);
        e0.intoArray(y, y4);
        e1.intoArray(y, y4 + L);
        f0.intoArray(y, y5);
        f1.intoArray(y, y5 + L);
    }

    /** As {@link #six} for two rows, or twice the same one. */
    private static void two(float[] panel, int p, int n, float[] x, int x0, int step, float[] y, int y0, int stride) {
        int x1 = x0 + step;
        int y1 = y0 + stride;
        FloatVector a0 = FloatVector.fromArray(FLOATS, y, y0);
        FloatVector a1 = FloatVector.fromArray(FLOATS, y, y0 + L);
        FloatVector b0 = FloatVector.fromArray(FLOATS, y, y1);
        FloatVector b1 = FloatVector.fromArray(FLOATS, y, y1 + L);
        for (int k = 0; k < n; k++) {
            FloatVector w0 = FloatVector.fromArray(FLOATS, panel, p);
            FloatVector w1 = FloatVector.fromArray(FLOATS, panel, p + L);
            FloatVector v = FloatVector.broadcast(FLOATS, x[x0 + k]);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            v = FloatVector.broadcast(FLOATS, x[x1 + k]);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
            p += SLICE;
        }
        a0.intoArray(y, y0);
        a1.intoArray(y, y0 + L);
        b0.intoArray(y, y1);
        b1.intoArray(y, y1 + L);
    }
}
