package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.INTS;
import static io.rwkv.simd.internal.memory.Lanes.L;
import static io.rwkv.simd.internal.memory.NativeMemory.ALL;
import static io.rwkv.simd.internal.memory.NativeMemory.LITTLE;

import io.rwkv.simd.internal.memory.TilePacker;
import io.rwkv.simd.internal.memory.TiledMatrix;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of some tiles with one vector, some columns of each at a time. The kernels for unquantised weights are here, those
 * for quantised ones in {@link BlockGemv}.
 *
 * <p>
 * Each kernel is a method of its own whose results go through arrays, and what they repeat is written out: beyond some twenty
 * vector operations, also of what it has been inlined into, the compiler no longer inlines what a method of ours calls, and
 * makes an object of each vector that is passed on.
 */
public final class Gemv {
    /** What takes the exponent of a half-precision number, moved to its place in a float, to the right value. */
    static final float HALF_EXPONENT = 0x1p112f;
    /** Sign, exponent and fraction of a half-precision number in the upper half of a lane, moved down by 3. */
    static final int HALF_BITS = 0x8FFFE000;
    static final int UPPER_HALF = 0xFFFF0000;

    static final int LINE = 64; // bytes that come from memory together

    private Gemv() {
    }

    /** What a thread needs for its tiles. */
    public static final class Workspace {
        final short[] shorts = new short[16 * L];
        private long touched; // of no meaning, but to be kept
        /** The results, tile after tile; in pairs of tiles, though of an odd number's last pair the second has no meaning. */
        public final float[] sums;

        /** @param tiles at most so many at once */
        public Workspace(int tiles) {
            sums = new float[Math.ceilDiv(tiles, 2) * 2 * 8 * L];
        }
    }

    /**
     * @param tile the first
     * @param apart from one tile to the next, in tiles
     * @param count the number of tiles
     * @param work receives the sums of all rows of these tiles
     * @param step 1, but not a constant: see {@code Products}
     */
    public static void tiles(TiledMatrix m, int tile, int apart, int count, GemvInput x, Workspace work, int step) {
        int rows = m.format().rows();
        Arrays.fill(work.sums, 0, count * rows, 0);
        for (int t = 0; x.skipping && t < count; t++) {
            work.touched += touch(m, m.address(tile + t * apart), x);
        }
        for (int chunk = 0; chunk < x.chunks; chunk++) {
            if (x.starts[chunk] < x.starts[chunk + 1]) {
                if (m.format().hasBlocks()) {
                    for (int t = 0; t < count; t += 2) {
                        // The last of an odd number is done twice; there is room for the second result.
                        BlockGemv.twoTiles(m, tile + t * apart, t + 1 < count ? apart : 0, x, chunk, work, t * rows,
                                step);
                    }
                } else {
                    for (int t = 0; t < count; t++) {
                        oneTile(m, m.address(tile + t * apart), x, chunk, work, t * rows, step);
                    }
                }
            }
        }
    }

    /**
     * Brings what is listed into the cache. A kernel has so many operations per column that the processor sees few columns
     * ahead, and cannot guess them where some are left out; here it asks the memory for dozens at the same time.
     */
    private static long touch(TiledMatrix m, long w, GemvInput x) {
        long sum = 0;
        int lines = Math.ceilDiv(m.format().columnBytes(), LINE);
        for (int i = 0; i < x.starts[x.chunks]; i++) {
            for (int line = 0; line < lines; line++) {
                sum += ALL.get(ValueLayout.JAVA_BYTE, w + x.offsets[i] + line * LINE);
            }
        }
        for (int chunk = 0; m.format().hasBlocks() && chunk < x.chunks; chunk++) {
            boolean listed = x.starts[chunk] < x.starts[chunk + 1];
            for (int line = 0; listed && line < m.format().scaleBytes(); line += LINE) {
                sum += ALL.get(ValueLayout.JAVA_BYTE, w + (long) chunk * m.format().blockBytes() + line);
            }
        }
        return sum;
    }

    private static void oneTile(TiledMatrix m, long w, GemvInput x, int chunk, Workspace work, int row, int step) {
        int from = x.starts[chunk];
        int to = x.starts[chunk + 1];
        switch (m.format()) {
            case F32 -> f32(w, x.offsets, x.floats, x.at, from, to, work.sums, row, step);
            case F16 -> f16(w, x.offsets, x.floats, x.at, from, to, work.sums, row, step);
            case BF16 -> bf16(w, x.offsets, x.floats, x.at, from, to, work.sums, row, step);
            default -> throw new AssertionError("belongs to BlockGemv: " + m.format());
        }
    }

    /** Adds columns of a tile at w, listed from {@code from} to {@code to - 1}, to 4 L sums. */
    private static void f32(long w, int[] offsets, float[] x, int at, int from, int to, float[] y, int row, int step) {
        FloatVector a = FloatVector.fromArray(FLOATS, y, row);
        FloatVector b = FloatVector.fromArray(FLOATS, y, row + L);
        FloatVector c = FloatVector.fromArray(FLOATS, y, row + 2 * L);
        FloatVector d = FloatVector.fromArray(FLOATS, y, row + 3 * L);
        for (int k = from; k < to; k += step) {
            long p = w + offsets[k];
            FloatVector v = FloatVector.broadcast(FLOATS, x[at + k]);
            a = FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE).fma(v, a);
            b = FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE).fma(v, b);
            c = FloatVector.fromMemorySegment(FLOATS, ALL, p + 8 * L, LITTLE).fma(v, c);
            d = FloatVector.fromMemorySegment(FLOATS, ALL, p + 12 * L, LITTLE).fma(v, d);
        }
        a.intoArray(y, row);
        b.intoArray(y, row + L);
        c.intoArray(y, row + 2 * L);
        d.intoArray(y, row + 3 * L);
    }

    /** As {@link #f32}. */
    private static void bf16(long w, int[] offsets, float[] x, int at, int from, int to, float[] y, int row,
            int step) {
        FloatVector a = FloatVector.fromArray(FLOATS, y, row);
        FloatVector b = FloatVector.fromArray(FLOATS, y, row + L);
        FloatVector c = FloatVector.fromArray(FLOATS, y, row + 2 * L);
        FloatVector d = FloatVector.fromArray(FLOATS, y, row + 3 * L);
        for (int k = from; k < to; k += step) {
            long p = w + offsets[k];
            FloatVector v = FloatVector.broadcast(FLOATS, x[at + k]);
            IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, p, LITTLE);
            a = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, a);
            b = pairs.and(UPPER_HALF).reinterpretAsFloats().fma(v, b);
            pairs = IntVector.fromMemorySegment(INTS, ALL, p + 4 * L, LITTLE);
            c = pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(v, c);
            d = pairs.and(UPPER_HALF).reinterpretAsFloats().fma(v, d);
        }
        a.intoArray(y, row);
        b.intoArray(y, row + L);
        c.intoArray(y, row + 2 * L);
        d.intoArray(y, row + 3 * L);
    }

    /** As {@link #f32}. */
    private static void f16(long w, int[] offsets, float[] x, int at, int from, int to, float[] y, int row, int step) {
        FloatVector a = FloatVector.fromArray(FLOATS, y, row);
        FloatVector b = FloatVector.fromArray(FLOATS, y, row + L);
        FloatVector c = FloatVector.fromArray(FLOATS, y, row + 2 * L);
        FloatVector d = FloatVector.fromArray(FLOATS, y, row + 3 * L);
        for (int k = from; k < to; k += step) {
            long p = w + offsets[k];
            FloatVector v = FloatVector.broadcast(FLOATS, x[at + k]);
            IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, p, LITTLE);
            a = pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(HALF_EXPONENT).fma(v, a);
            b = pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(HALF_EXPONENT).fma(v,
                    b);
            pairs = IntVector.fromMemorySegment(INTS, ALL, p + 4 * L, LITTLE);
            c = pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(HALF_EXPONENT).fma(v, c);
            d = pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(HALF_EXPONENT).fma(v,
                    d);
        }
        a.intoArray(y, row);
        b.intoArray(y, row + L);
        c.intoArray(y, row + 2 * L);
        d.intoArray(y, row + 3 * L);
    }

    static FloatVector lowerBfloats(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    static FloatVector upperBfloats(IntVector pairs) {
        return pairs.and(UPPER_HALF).reinterpretAsFloats();
    }

    /** Half-precision numbers, exact, subnormals included; finite ones, which {@link TilePacker} sees to. */
    static FloatVector lowerHalves(IntVector pairs) {
        return upperHalves(pairs.lanewise(VectorOperators.LSHL, 16));
    }

    static FloatVector upperHalves(IntVector pairs) {
        return pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(HALF_EXPONENT);
    }
}
