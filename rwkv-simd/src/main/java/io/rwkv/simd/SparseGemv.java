package io.rwkv.simd;

import static io.rwkv.simd.Lanes.FLOATS;
import static io.rwkv.simd.Lanes.L;
import static io.rwkv.simd.Lanes.PASS;
import static io.rwkv.simd.Lanes.SHORTS;
import static io.rwkv.simd.NativeMemory.ALL;
import static io.rwkv.simd.NativeMemory.LITTLE;
import static io.rwkv.simd.TiledMatrix.TILE;

import java.lang.foreign.ValueLayout;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of one tile with a vector that is mostly zero: columns that would be multiplied by zero are not read. The results
 * are those of {@link PlainGemv} and {@link BlockGemv}, down to the order of the additions.
 */
final class SparseGemv {
    private static final int BLOCK = BlockGemv.BLOCK;

    private SparseGemv() {
    }

    /** @param y receives 64 sums from {@code to} on */
    static void f32(long w, float[] x, Nonzeros nonzeros, float[] y, int to) {
        int[] columns = nonzeros.columns;
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            for (int i = 0; i < nonzeros.count; i++) {
                long p = w + 4L * (columns[i] * TILE + row);
                FloatVector v = FloatVector.broadcast(FLOATS, x[columns[i]]);
                a = FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE).fma(v, a);
                b = FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE).fma(v, b);
                c = FloatVector.fromMemorySegment(FLOATS, ALL, p + 8 * L, LITTLE).fma(v, c);
                d = FloatVector.fromMemorySegment(FLOATS, ALL, p + 12 * L, LITTLE).fma(v, d);
            }
            PlainGemv.store(y, to + row, a, b, c, d);
        }
    }

    /** As {@link #f32}. */
    static void bf16(long w, float[] x, Nonzeros nonzeros, float[] y, int to) {
        int[] columns = nonzeros.columns;
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            for (int i = 0; i < nonzeros.count; i++) {
                long p = w + 2L * (columns[i] * TILE + row);
                FloatVector v = FloatVector.broadcast(FLOATS, x[columns[i]]);
                a = PlainGemv.bfloats(p).fma(v, a);
                b = PlainGemv.bfloats(p + 2 * L).fma(v, b);
                c = PlainGemv.bfloats(p + 4 * L).fma(v, c);
                d = PlainGemv.bfloats(p + 6 * L).fma(v, d);
            }
            PlainGemv.store(y, to + row, a, b, c, d);
        }
    }

    /** As {@link #f32}. */
    static void f16(long w, float[] x, Nonzeros nonzeros, float[] y, int to) {
        int[] columns = nonzeros.columns;
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector a = FloatVector.zero(FLOATS);
            FloatVector b = a;
            FloatVector c = a;
            FloatVector d = a;
            for (int i = 0; i < nonzeros.count; i++) {
                long p = w + 2L * (columns[i] * TILE + row);
                FloatVector v = FloatVector.broadcast(FLOATS, x[columns[i]]);
                a = PlainGemv.halves(p).fma(v, a);
                b = PlainGemv.halves(p + 2 * L).fma(v, b);
                c = PlainGemv.halves(p + 4 * L).fma(v, c);
                d = PlainGemv.halves(p + 6 * L).fma(v, d);
            }
            PlainGemv.store(y, to + row, a, b, c, d);
        }
    }

    /**
     * Brings the lines of a tile that will be needed from memory, many at a time. The loops over the few columns of a block
     * have no length that the processor could guess, and with each wrong guess it would wait for memory anew.
     */
    private static void touch(long w, Nonzeros nonzeros, int columnBytes) {
        int[] columns = nonzeros.columns;
        int sum = 0;
        for (int i = 0; i < nonzeros.count; i++) {
            sum += ALL.get(ValueLayout.JAVA_BYTE, w + (2L * (columns[i] / BLOCK) + 2) * TILE
                    + (long) columns[i] * columnBytes);
        }
        if (sum == Integer.MIN_VALUE) {
            throw new AssertionError("no sum of so few bytes, but the compiler does not know");
        }
    }

    /** As {@link #f32}. */
    static void q8(long w, float[] x, int n, Nonzeros nonzeros, float[] y, int to) {
        touch(w, nonzeros, TILE);
        int[] columns = nonzeros.columns;
        int[] starts = nonzeros.starts;
        for (int row = 0; row < TILE; row += PASS) {
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            for (int block = 0; block < n / BLOCK; block++) {
                FloatVector a = FloatVector.zero(FLOATS);
                FloatVector b = a;
                FloatVector c = a;
                FloatVector d = a;
                long scales = w + (long) block * (2 + BLOCK) * TILE + 2 * row;
                // Column k of a tile begins after k columns and the scales of all blocks up to its own.
                long first = w + (2L * block + 2) * TILE + row;
                for (int i = starts[block]; i < starts[block + 1]; i++) {
                    long p = first + (long) columns[i] * TILE;
                    FloatVector v = FloatVector.broadcast(FLOATS, x[columns[i]]);
                    a = BlockGemv.bytes(p).fma(v, a);
                    b = BlockGemv.bytes(p + L).fma(v, b);
                    c = BlockGemv.bytes(p + 2 * L).fma(v, c);
                    d = BlockGemv.bytes(p + 3 * L).fma(v, d);
                }
                s0 = a.fma(PlainGemv.halves(scales), s0);
                s1 = b.fma(PlainGemv.halves(scales + 2 * L), s1);
                s2 = c.fma(PlainGemv.halves(scales + 4 * L), s2);
                s3 = d.fma(PlainGemv.halves(scales + 6 * L), s3);
            }
            PlainGemv.store(y, to + row, s0, s1, s2, s3);
        }
    }

    /** As {@link BlockGemv#q4}, skipping four columns at a time. */
    static void q4(long w, RoundedVector x, int n, Nonzeros nonzeros, float[] y, int to) {
        touch(w, nonzeros, TILE / 2);
        short[] factors = x.factors;
        // As vectors: the JVM has no shift of 16-bit lanes by a constant, and would make the constant anew for each.
        ShortVector by4 = ShortVector.broadcast(SHORTS, 4);
        ShortVector by8 = ShortVector.broadcast(SHORTS, 8);
        ShortVector by12 = ShortVector.broadcast(SHORTS, 12);
        int[] columns = nonzeros.columns;
        for (int pair = 0; pair < TILE; pair += PASS) {
            BlockGemv.clear(y, to + pair / 2);
            BlockGemv.clear(y, to + pair / 2 + TILE / 2);
            for (int block = 0; block < n / BLOCK; block++) {
                int end = nonzeros.starts[block + 1];
                int i = nonzeros.starts[block];
                if (i == end) {
                    continue;
                }
                ShortVector a = ShortVector.broadcast(SHORTS, x.offsets[block]);
                ShortVector b = a;
                ShortVector c = ShortVector.zero(SHORTS);
                ShortVector d = c;
                // Four columns take half the bytes that Q8_0 takes for them.
                long first = w + (2L * block + 2) * TILE + 2 * pair;
                for (; i < end; i++) {
                    int j = columns[i];
                    long p = first + (long) j * (TILE / 2);
                    ShortVector v = ShortVector.fromMemorySegment(SHORTS, ALL, p, LITTLE);
                    ShortVector u = ShortVector.fromMemorySegment(SHORTS, ALL, p + 4 * L, LITTLE);
                    ShortVector f = ShortVector.broadcast(SHORTS, factors[j]);
                    ShortVector g = ShortVector.broadcast(SHORTS, factors[j + 1]);
                    a = a.add(v.mul(f));
                    b = b.add(u.mul(f));
                    c = c.add(v.lanewise(VectorOperators.LSHR, by4).mul(g));
                    d = d.add(u.lanewise(VectorOperators.LSHR, by4).mul(g));
                    f = ShortVector.broadcast(SHORTS, factors[j + 2]);
                    g = ShortVector.broadcast(SHORTS, factors[j + 3]);
                    a = a.add(v.lanewise(VectorOperators.LSHR, by8).mul(f));
                    b = b.add(u.lanewise(VectorOperators.LSHR, by8).mul(f));
                    c = c.add(v.lanewise(VectorOperators.LSHR, by12).mul(g));
                    d = d.add(u.lanewise(VectorOperators.LSHR, by12).mul(g));
                }
                long scales = w + (long) block * (2 + BLOCK / 2) * TILE + pair;
                BlockGemv.addScaled(a.add(c), x.scales[block], scales, y, to + pair / 2);
                BlockGemv.addScaled(b.add(d), x.scales[block], scales + 2 * L, y, to + pair / 2 + L);
            }
        }
    }
}
