package io.rwkv.simd;

import static io.rwkv.simd.Lanes.FLOATS;
import static io.rwkv.simd.Lanes.L;
import static io.rwkv.simd.Lanes.PASS;
import static io.rwkv.simd.TiledMatrix.TILE;

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
            int t = 0;
            for (; t + 4 <= count; t += 4) {
                four(panel, n, x, t * columns + from, columns, y, to + t * stride, stride, from > 0);
            }
            for (; t < count; t++) {
                one(panel, n, x, t * columns + from, y, to + t * stride, from > 0);
            }
        }
    }

    private static void four(float[] panel, int n, float[] x, int at, int step, float[] y, int to, int stride,
            boolean add) {
        for (int row = 0; row < TILE; row += PASS) {
            int x1 = at + step;
            int x2 = x1 + step;
            int x3 = x2 + step;
            FloatVector a0 = FloatVector.zero(FLOATS);
            FloatVector a1 = a0;
            FloatVector a2 = a0;
            FloatVector a3 = a0;
            FloatVector b0 = a0;
            FloatVector b1 = a0;
            FloatVector b2 = a0;
            FloatVector b3 = a0;
            FloatVector c0 = a0;
            FloatVector c1 = a0;
            FloatVector c2 = a0;
            FloatVector c3 = a0;
            FloatVector d0 = a0;
            FloatVector d1 = a0;
            FloatVector d2 = a0;
            FloatVector d3 = a0;
            int p = row;
            for (int k = 0; k < n; k++) {
                FloatVector w0 = FloatVector.fromArray(FLOATS, panel, p);
                FloatVector w1 = FloatVector.fromArray(FLOATS, panel, p + L);
                FloatVector w2 = FloatVector.fromArray(FLOATS, panel, p + 2 * L);
                FloatVector w3 = FloatVector.fromArray(FLOATS, panel, p + 3 * L);
                FloatVector v = FloatVector.broadcast(FLOATS, x[at + k]);
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
            int out = to + row;
            store(y, out, a0, a1, a2, a3, add);
            store(y, out + stride, b0, b1, b2, b3, add);
            store(y, out + 2 * stride, c0, c1, c2, c3, add);
            store(y, out + 3 * stride, d0, d1, d2, d3, add);
        }
    }

    private static void one(float[] panel, int n, float[] x, int at, float[] y, int to, boolean add) {
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            int p = row;
            for (int k = 0; k < n; k++) {
                FloatVector v = FloatVector.broadcast(FLOATS, x[at + k]);
                a = FloatVector.fromArray(FLOATS, panel, p).fma(v, a);
                b = FloatVector.fromArray(FLOATS, panel, p + L).fma(v, b);
                c = FloatVector.fromArray(FLOATS, panel, p + 2 * L).fma(v, c);
                d = FloatVector.fromArray(FLOATS, panel, p + 3 * L).fma(v, d);
                p += TILE;
            }
            store(y, to + row, a, b, c, d, add);
        }
    }

    private static void store(float[] y, int to, FloatVector a, FloatVector b, FloatVector c, FloatVector d,
            boolean add) {
        store(y, to, a, add);
        store(y, to + L, b, add);
        store(y, to + 2 * L, c, add);
        store(y, to + 3 * L, d, add);
    }

    private static void store(float[] y, int to, FloatVector sum, boolean add) {
        (add ? sum.add(FloatVector.fromArray(FLOATS, y, to)) : sum).intoArray(y, to);
    }
}
