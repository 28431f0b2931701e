package io.rwkv.simd;

import static io.rwkv.simd.Lanes.FLOATS;
import static io.rwkv.simd.Lanes.L;
import static io.rwkv.simd.Lanes.PASS;
import static io.rwkv.simd.TiledMatrix.TILE;

import java.util.Arrays;

import jdk.incubator.vector.FloatVector;

/**
 * Products of one tile with many vectors: the tile is widened to float32, a panel of columns at a time, and each panel
 * multiplied with four vectors at once, sixteen vectors of sums in registers.
 */
final class Gemm {
    /** Columns per panel: with 64 rows 256 kB, which stays in a core's second-level cache. */
    static final int PANEL = 1024;

    private Gemm() {
    }

    /**
     * @param x [count, columns]
     * @param y [count, stride], receives 64 columns from {@code to} on
     * @param panel scratch of 64 · PANEL numbers
     */
    static void tile(TiledMatrix m, int tile, float[] x, int count, float[] y, int to, int stride, float[] panel) {
        int columns = m.columns();
        for (int from = 0; from < columns; from += PANEL) {
            int n = Math.min(PANEL, columns - from);
            Panels.widen(m, tile, from, n, panel);
            if (from == 0) {
                for (int t = 0; t < count; t++) {
                    Arrays.fill(y, to + t * stride, to + t * stride + TILE, 0);
                }
            }
            for (int row = 0; row < TILE; row += PASS) {
                int t = 0;
                for (; t + 4 <= count; t += 4) {
                    four(panel, row, n, x, t * columns + from, columns, y, to + row + t * stride, stride);
                }
                for (; t < count; t++) {
                    one(panel, row, n, x, t * columns + from, y, to + row + t * stride);
                }
            }
        }
    }

    /** Adds to 4 L columns of four rows of y. Nothing but the loop, so that all sums stay in registers. */
    private static void four(float[] panel, int p, int n, float[] x, int x0, int step, float[] y, int y0, int stride) {
        int x1 = x0 + step;
        int x2 = x1 + step;
        int x3 = x2 + step;
        int y1 = y0 + stride;
        int y2 = y1 + stride;
        int y3 = y2 + stride;
        FloatVector a0 = FloatVector.fromArray(FLOATS, y, y0);
        FloatVector a1 = FloatVector.fromArray(FLOATS, y, y0 + L);
        FloatVector a2 = FloatVector.fromArray(FLOATS, y, y0 + 2 * L);
        FloatVector a3 = FloatVector.fromArray(FLOATS, y, y0 + 3 * L);
        FloatVector b0 = FloatVector.fromArray(FLOATS, y, y1);
        FloatVector b1 = FloatVector.fromArray(FLOATS, y, y1 + L);
        FloatVector b2 = FloatVector.fromArray(FLOATS, y, y1 + 2 * L);
        FloatVector b3 = FloatVector.fromArray(FLOATS, y, y1 + 3 * L);
        FloatVector c0 = FloatVector.fromArray(FLOATS, y, y2);
        FloatVector c1 = FloatVector.fromArray(FLOATS, y, y2 + L);
        FloatVector c2 = FloatVector.fromArray(FLOATS, y, y2 + 2 * L);
        FloatVector c3 = FloatVector.fromArray(FLOATS, y, y2 + 3 * L);
        FloatVector d0 = FloatVector.fromArray(FLOATS, y, y3);
        FloatVector d1 = FloatVector.fromArray(FLOATS, y, y3 + L);
        FloatVector d2 = FloatVector.fromArray(FLOATS, y, y3 + 2 * L);
        FloatVector d3 = FloatVector.fromArray(FLOATS, y, y3 + 3 * L);
        for (int k = 0; k < n; k++) {
            FloatVector w0 = FloatVector.fromArray(FLOATS, panel, p);
            FloatVector w1 = FloatVector.fromArray(FLOATS, panel, p + L);
            FloatVector w2 = FloatVector.fromArray(FLOATS, panel, p + 2 * L);
            FloatVector w3 = FloatVector.fromArray(FLOATS, panel, p + 3 * L);
            FloatVector v = FloatVector.broadcast(FLOATS, x[x0 + k]);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            a2 = w2.fma(v, a2);
            a3 = w3.fma(v, a3);
            v = FloatVector.broadcast(FLOATS, x[x1 + k]);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
            b2 = w2.fma(v, b2);
            b3 = w3.fma(v, b3);
            v = FloatVector.broadcast(FLOATS, x[x2 + k]);
            c0 = w0.fma(v, c0);
            c1 = w1.fma(v, c1);
            c2 = w2.fma(v, c2);
            c3 = w3.fma(v, c3);
            v = FloatVector.broadcast(FLOATS, x[x3 + k]);
            d0 = w0.fma(v, d0);
            d1 = w1.fma(v, d1);
            d2 = w2.fma(v, d2);
            d3 = w3.fma(v, d3);
            p += TILE;
        }
        a0.intoArray(y, y0);
        a1.intoArray(y, y0 + L);
        a2.intoArray(y, y0 + 2 * L);
        a3.intoArray(y, y0 + 3 * L);
        b0.intoArray(y, y1);
        b1.intoArray(y, y1 + L);
        b2.intoArray(y, y1 + 2 * L);
        b3.intoArray(y, y1 + 3 * L);
        c0.intoArray(y, y2);
        c1.intoArray(y, y2 + L);
        c2.intoArray(y, y2 + 2 * L);
        c3.intoArray(y, y2 + 3 * L);
        d0.intoArray(y, y3);
        d1.intoArray(y, y3 + L);
        d2.intoArray(y, y3 + 2 * L);
        d3.intoArray(y, y3 + 3 * L);
    }

    /** Adds to 4 L columns of one row of y. */
    private static void one(float[] panel, int p, int n, float[] x, int at, float[] y, int to) {
        FloatVector a = FloatVector.fromArray(FLOATS, y, to);
        FloatVector b = FloatVector.fromArray(FLOATS, y, to + L);
        FloatVector c = FloatVector.fromArray(FLOATS, y, to + 2 * L);
        FloatVector d = FloatVector.fromArray(FLOATS, y, to + 3 * L);
        for (int k = 0; k < n; k++) {
            FloatVector v = FloatVector.broadcast(FLOATS, x[at + k]);
            a = FloatVector.fromArray(FLOATS, panel, p).fma(v, a);
            b = FloatVector.fromArray(FLOATS, panel, p + L).fma(v, b);
            c = FloatVector.fromArray(FLOATS, panel, p + 2 * L).fma(v, c);
            d = FloatVector.fromArray(FLOATS, panel, p + 3 * L).fma(v, d);
            p += TILE;
        }
        a.intoArray(y, to);
        b.intoArray(y, to + L);
        c.intoArray(y, to + 2 * L);
        d.intoArray(y, to + 3 * L);
    }
}
