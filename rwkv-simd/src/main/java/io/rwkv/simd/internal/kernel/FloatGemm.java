package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.BITS;
import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.L;
import static io.rwkv.simd.internal.memory.NativeMemory.ALL;
import static io.rwkv.simd.internal.memory.NativeMemory.LITTLE;

import io.rwkv.simd.internal.memory.TiledMatrix;

import jdk.incubator.vector.FloatVector;

/**
 * Products of one tile with several vectors in float32: some columns at a time are widened to a panel, and slices of the panel
 * are multiplied with up to eight vectors at once. Each result is a chain of fused multiply-adds over the columns in order,
 * however many vectors there are, and for unquantised weights the chain of {@link Gemv}.
 */
final class FloatGemm {
    /** Rows of a tile that are multiplied together. */
    static final int SLICE = 2 * L;
    /**
     * Vectors that are multiplied together. Each takes two registers for sums, and operands take three: with vectors of 512 bits
     * there are 32 registers, with others perhaps 16.
     */
    static final int GROUP = BITS == 512 ? 8 : 6;

    private FloatGemm() {
    }

    /**
     * Adds the products of some columns with some vectors to results.
     *
     * @param from the first column, where a panel begins
     * @param to one past the last
     * @param row the first vector, a multiple of {@link #GROUP}
     * @param rows the number of vectors
     */
    static void columns(TiledMatrix m, int tile, int from, int to, GemmInput x, int row, int rows,
            Gemm.Workspace work) {
        int slices = m.format().rows() / SLICE;
        // Where groups leave out columns, each has its own panel.
        int share = x.skipping ? GROUP : rows;
        for (int first = row; first < row + rows; first += share) {
            int n = x.start(first / GROUP, to) - x.start(first / GROUP, from);
            if (n == 0) {
                continue;
            }
            Panels.widen(m, tile, from, to, x, first / GROUP, work.panel);
            for (int slice = 0; slice < slices; slice++) {
                for (int t = first; t < Math.min(first + share, row + rows); t += GROUP) {
                    int last = Math.min(GROUP, row + rows - t) - 1;
                    long y = work.results + 4L * ((t - row) * m.format().rows() + slice * SLICE);
                    multiply(work.panel + 4L * slice * n * SLICE, n, x.floats,
                            t * x.columns + x.start(t / GROUP, from), x.step(t / GROUP), last, y,
                            4L * m.format().rows());
                }
            }
        }
    }

    private static void multiply(long p, int n, float[] x, int x0, int step, int last, long y0, long stride) {
        // Where there are fewer vectors than a kernel takes, it does the last one again, with the same result.
        switch (last >> 1) {
            case 0 -> two(p, n, x, x0, step, last, y0, stride);
            case 1 -> four(p, n, x, x0, step, last, y0, stride);
            case 2 -> six(p, n, x, x0, step, last, y0, stride);
            default -> eight(p, n, x, x0, step, last, y0, stride);
        }
    }

    /**
     * Adds a slice of n columns, times eight vectors, to eight rows of results. Nothing but the loop, so that all sums stay in
     * registers. The loop counts by a constant, so that the compiler checks the indices of x once, not at each use.
     *
     * @param p where the slice is
     * @param x0 where the first vector's factors are, the others {@code step} apart
     * @param last the index of the last vector there is
     * @param y0 where the first vector's results are, the others {@code stride} apart
     */
    private static void eight(long p, int n, float[] x, int x0, int step, int last,
            long y0, long stride) {
        int x1 = x0 + Math.min(1, last) * step;
        int x2 = x0 + Math.min(2, last) * step;
        int x3 = x0 + Math.min(3, last) * step;
        int x4 = x0 + Math.min(4, last) * step;
        int x5 = x0 + Math.min(5, last) * step;
        int x6 = x0 + Math.min(6, last) * step;
        int x7 = x0 + Math.min(7, last) * step;
        long y1 = y0 + Math.min(1, last) * stride;
        long y2 = y0 + Math.min(2, last) * stride;
        long y3 = y0 + Math.min(3, last) * stride;
        long y4 = y0 + Math.min(4, last) * stride;
        long y5 = y0 + Math.min(5, last) * stride;
        long y6 = y0 + Math.min(6, last) * stride;
        long y7 = y0 + Math.min(7, last) * stride;
        FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, ALL, y0, LITTLE);
        FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, ALL, y0 + 4 * L, LITTLE);
        FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, y1, LITTLE);
        FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, y1 + 4 * L, LITTLE);
        FloatVector c0 = FloatVector.fromMemorySegment(FLOATS, ALL, y2, LITTLE);
        FloatVector c1 = FloatVector.fromMemorySegment(FLOATS, ALL, y2 + 4 * L, LITTLE);
        FloatVector d0 = FloatVector.fromMemorySegment(FLOATS, ALL, y3, LITTLE);
        FloatVector d1 = FloatVector.fromMemorySegment(FLOATS, ALL, y3 + 4 * L, LITTLE);
        FloatVector e0 = FloatVector.fromMemorySegment(FLOATS, ALL, y4, LITTLE);
        FloatVector e1 = FloatVector.fromMemorySegment(FLOATS, ALL, y4 + 4 * L, LITTLE);
        FloatVector f0 = FloatVector.fromMemorySegment(FLOATS, ALL, y5, LITTLE);
        FloatVector f1 = FloatVector.fromMemorySegment(FLOATS, ALL, y5 + 4 * L, LITTLE);
        FloatVector g0 = FloatVector.fromMemorySegment(FLOATS, ALL, y6, LITTLE);
        FloatVector g1 = FloatVector.fromMemorySegment(FLOATS, ALL, y6 + 4 * L, LITTLE);
        FloatVector h0 = FloatVector.fromMemorySegment(FLOATS, ALL, y7, LITTLE);
        FloatVector h1 = FloatVector.fromMemorySegment(FLOATS, ALL, y7 + 4 * L, LITTLE);
        for (int k = 0; k < n; k++) {
            FloatVector w0 = FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE);
            FloatVector w1 = FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE);
            p += 8 * L;
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
            v = FloatVector.broadcast(FLOATS, x[x6 + k]);
            g0 = w0.fma(v, g0);
            g1 = w1.fma(v, g1);
            v = FloatVector.broadcast(FLOATS, x[x7 + k]);
            h0 = w0.fma(v, h0);
            h1 = w1.fma(v, h1);
        }
        a0.intoMemorySegment(ALL, y0, LITTLE);
        a1.intoMemorySegment(ALL, y0 + 4 * L, LITTLE);
        b0.intoMemorySegment(ALL, y1, LITTLE);
        b1.intoMemorySegment(ALL, y1 + 4 * L, LITTLE);
        c0.intoMemorySegment(ALL, y2, LITTLE);
        c1.intoMemorySegment(ALL, y2 + 4 * L, LITTLE);
        d0.intoMemorySegment(ALL, y3, LITTLE);
        d1.intoMemorySegment(ALL, y3 + 4 * L, LITTLE);
        e0.intoMemorySegment(ALL, y4, LITTLE);
        e1.intoMemorySegment(ALL, y4 + 4 * L, LITTLE);
        f0.intoMemorySegment(ALL, y5, LITTLE);
        f1.intoMemorySegment(ALL, y5 + 4 * L, LITTLE);
        g0.intoMemorySegment(ALL, y6, LITTLE);
        g1.intoMemorySegment(ALL, y6 + 4 * L, LITTLE);
        h0.intoMemorySegment(ALL, y7, LITTLE);
        h1.intoMemorySegment(ALL, y7 + 4 * L, LITTLE);
    }

    /** As {@link #eight}. */
    private static void six(long p, int n, float[] x, int x0, int step, int last,
            long y0, long stride) {
        int x1 = x0 + Math.min(1, last) * step;
        int x2 = x0 + Math.min(2, last) * step;
        int x3 = x0 + Math.min(3, last) * step;
        int x4 = x0 + Math.min(4, last) * step;
        int x5 = x0 + Math.min(5, last) * step;
        long y1 = y0 + Math.min(1, last) * stride;
        long y2 = y0 + Math.min(2, last) * stride;
        long y3 = y0 + Math.min(3, last) * stride;
        long y4 = y0 + Math.min(4, last) * stride;
        long y5 = y0 + Math.min(5, last) * stride;
        FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, ALL, y0, LITTLE);
        FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, ALL, y0 + 4 * L, LITTLE);
        FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, y1, LITTLE);
        FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, y1 + 4 * L, LITTLE);
        FloatVector c0 = FloatVector.fromMemorySegment(FLOATS, ALL, y2, LITTLE);
        FloatVector c1 = FloatVector.fromMemorySegment(FLOATS, ALL, y2 + 4 * L, LITTLE);
        FloatVector d0 = FloatVector.fromMemorySegment(FLOATS, ALL, y3, LITTLE);
        FloatVector d1 = FloatVector.fromMemorySegment(FLOATS, ALL, y3 + 4 * L, LITTLE);
        FloatVector e0 = FloatVector.fromMemorySegment(FLOATS, ALL, y4, LITTLE);
        FloatVector e1 = FloatVector.fromMemorySegment(FLOATS, ALL, y4 + 4 * L, LITTLE);
        FloatVector f0 = FloatVector.fromMemorySegment(FLOATS, ALL, y5, LITTLE);
        FloatVector f1 = FloatVector.fromMemorySegment(FLOATS, ALL, y5 + 4 * L, LITTLE);
        for (int k = 0; k < n; k++) {
            FloatVector w0 = FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE);
            FloatVector w1 = FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE);
            p += 8 * L;
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
        }
        a0.intoMemorySegment(ALL, y0, LITTLE);
        a1.intoMemorySegment(ALL, y0 + 4 * L, LITTLE);
        b0.intoMemorySegment(ALL, y1, LITTLE);
        b1.intoMemorySegment(ALL, y1 + 4 * L, LITTLE);
        c0.intoMemorySegment(ALL, y2, LITTLE);
        c1.intoMemorySegment(ALL, y2 + 4 * L, LITTLE);
        d0.intoMemorySegment(ALL, y3, LITTLE);
        d1.intoMemorySegment(ALL, y3 + 4 * L, LITTLE);
        e0.intoMemorySegment(ALL, y4, LITTLE);
        e1.intoMemorySegment(ALL, y4 + 4 * L, LITTLE);
        f0.intoMemorySegment(ALL, y5, LITTLE);
        f1.intoMemorySegment(ALL, y5 + 4 * L, LITTLE);
    }

    /** As {@link #eight}. */
    private static void four(long p, int n, float[] x, int x0, int step, int last,
            long y0, long stride) {
        int x1 = x0 + Math.min(1, last) * step;
        int x2 = x0 + Math.min(2, last) * step;
        int x3 = x0 + Math.min(3, last) * step;
        long y1 = y0 + Math.min(1, last) * stride;
        long y2 = y0 + Math.min(2, last) * stride;
        long y3 = y0 + Math.min(3, last) * stride;
        FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, ALL, y0, LITTLE);
        FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, ALL, y0 + 4 * L, LITTLE);
        FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, y1, LITTLE);
        FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, y1 + 4 * L, LITTLE);
        FloatVector c0 = FloatVector.fromMemorySegment(FLOATS, ALL, y2, LITTLE);
        FloatVector c1 = FloatVector.fromMemorySegment(FLOATS, ALL, y2 + 4 * L, LITTLE);
        FloatVector d0 = FloatVector.fromMemorySegment(FLOATS, ALL, y3, LITTLE);
        FloatVector d1 = FloatVector.fromMemorySegment(FLOATS, ALL, y3 + 4 * L, LITTLE);
        for (int k = 0; k < n; k++) {
            FloatVector w0 = FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE);
            FloatVector w1 = FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE);
            p += 8 * L;
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
        }
        a0.intoMemorySegment(ALL, y0, LITTLE);
        a1.intoMemorySegment(ALL, y0 + 4 * L, LITTLE);
        b0.intoMemorySegment(ALL, y1, LITTLE);
        b1.intoMemorySegment(ALL, y1 + 4 * L, LITTLE);
        c0.intoMemorySegment(ALL, y2, LITTLE);
        c1.intoMemorySegment(ALL, y2 + 4 * L, LITTLE);
        d0.intoMemorySegment(ALL, y3, LITTLE);
        d1.intoMemorySegment(ALL, y3 + 4 * L, LITTLE);
    }

    /** As {@link #eight}. */
    private static void two(long p, int n, float[] x, int x0, int step, int last,
            long y0, long stride) {
        int x1 = x0 + Math.min(1, last) * step;
        long y1 = y0 + Math.min(1, last) * stride;
        FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, ALL, y0, LITTLE);
        FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, ALL, y0 + 4 * L, LITTLE);
        FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, y1, LITTLE);
        FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, y1 + 4 * L, LITTLE);
        for (int k = 0; k < n; k++) {
            FloatVector w0 = FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE);
            FloatVector w1 = FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE);
            p += 8 * L;
            FloatVector v = FloatVector.broadcast(FLOATS, x[x0 + k]);
            a0 = w0.fma(v, a0);
            a1 = w1.fma(v, a1);
            v = FloatVector.broadcast(FLOATS, x[x1 + k]);
            b0 = w0.fma(v, b0);
            b1 = w1.fma(v, b1);
        }
        a0.intoMemorySegment(ALL, y0, LITTLE);
        a1.intoMemorySegment(ALL, y0 + 4 * L, LITTLE);
        b0.intoMemorySegment(ALL, y1, LITTLE);
        b1.intoMemorySegment(ALL, y1 + 4 * L, LITTLE);
    }
}
