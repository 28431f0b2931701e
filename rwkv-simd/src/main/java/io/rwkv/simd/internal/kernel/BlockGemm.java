package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.kernel.Gemv.HALF_BITS;
import static io.rwkv.simd.internal.kernel.Gemv.UPPER_HALF;
import static io.rwkv.simd.internal.memory.Lanes.BITS;
import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.INTS;
import static io.rwkv.simd.internal.memory.Lanes.L;
import static io.rwkv.simd.internal.memory.Lanes.SHORTS;
import static io.rwkv.simd.internal.memory.NativeMemory.ALL;
import static io.rwkv.simd.internal.memory.NativeMemory.LITTLE;

import io.rwkv.simd.internal.memory.TiledMatrix;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of one tile of 4-bit weights with several vectors, computed as {@link BlockGemv} does for one, and with the same
 * results to the bit: sums of integers within a block, each then scaled and added in float32. A 16-bit lane multiplies and adds
 * twice as many numbers per instruction as float32, and only the shifts of the weights are to be shared.
 */
final class BlockGemm {
    /** Vectors that are multiplied together: each takes four registers for sums. See {@link Gemm#GROUP}. */
    static final int GROUP = BITS == 512 ? 4 : 2;
    private static final long POSITIVE = Long.MAX_VALUE >> 2; // as in BlockGemv

    private BlockGemm() {
    }

    /**
     * Adds the products of one block of columns with some vectors to results.
     *
     * @param from the block's first column
     * @param row the first vector, a multiple of {@link #GROUP}
     * @param rows the number of vectors
     * @param step 1, but not a constant: see {@code Products}
     */
    static void block(TiledMatrix m, int tile, int from, GemmInput x, int row, int rows, Gemm.Workspace work,
            int step) {
        long w = m.address(tile);
        int block = from / GemmInput.BLOCK;
        widenScales(w + (long) block * m.format().blockBytes(), work.scales);
        for (int t = row; t < row + rows; t += GROUP) {
            int group = t / GROUP;
            int first = x.start(group, from);
            int end = x.start(group, from + GemmInput.BLOCK);
            if (first == end) {
                continue;
            }
            int x0 = t * x.columns + first;
            int last = Math.min(GROUP, row + rows - t) - 1;
            // Where there are fewer vectors than a kernel takes, it does the last one again, for nothing.
            if (last > 1) {
                four(w, x.offsets, x.base(group) + first, end - first, x.ints, x0, x.step(group), last, work.sums,
                        step);
            } else {
                two(w, x.offsets, x.base(group) + first, end - first, x.ints, x0, x.step(group), last, work.sums, step);
            }
            for (int i = 0; i <= last; i++) {
                int at = (t + i) * x.blocks + block;
                addScaled(work.sums + i * 16L * L, (short) x.corrections[at], work.scales, x.scales[at],
                        work.results + (t + i - row) * 32L * L, step);
            }
        }
    }

    /** Of one block, for sums that stand in the upper half of a lane. */
    private static void widenScales(long p, long scales) {
        for (int i = 0; i < 8 * L; i += 2 * L) {
            IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, p + 2 * i, LITTLE);
            pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                    .reinterpretAsFloats().mul(BlockGemv.SUM_EXPONENT).intoMemorySegment(ALL, scales + 4 * i, LITTLE);
            pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(BlockGemv.SUM_EXPONENT)
                    .intoMemorySegment(ALL, scales + 4 * i + 4 * L, LITTLE);
        }
    }

    /**
     * The sums of one block's listed columns for 8 L rows and four vectors, in pairs, each vector's 8 L after the other's.
     *
     * @param last the index of the last vector there is
     */
    private static void four(long w, int[] offsets, int at, int n, int[] x, int x0, int step, int last,
            long sums, int by) {
        // Not constants: the JVM has no shift of 16-bit lanes by a constant, and would make a vector of it at each use.
        int by4 = 4 * by;
        int by8 = 8 * by;
        int by12 = 12 * by;
        int x1 = x0 + Math.min(1, last) * step;
        int x2 = x0 + Math.min(2, last) * step;
        int x3 = x0 + Math.min(3, last) * step;
        ShortVector a0 = ShortVector.zero(SHORTS);
        ShortVector a1 = a0;
        ShortVector a2 = a0;
        ShortVector a3 = a0;
        ShortVector b0 = a0;
        ShortVector b1 = a0;
        ShortVector b2 = a0;
        ShortVector b3 = a0;
        ShortVector c0 = a0;
        ShortVector c1 = a0;
        ShortVector c2 = a0;
        ShortVector c3 = a0;
        ShortVector d0 = a0;
        ShortVector d1 = a0;
        ShortVector d2 = a0;
        ShortVector d3 = a0;
        for (int k = 0; k < n; k++) {
            long p = (w & POSITIVE) + Integer.toUnsignedLong(offsets[at + k]);
            ShortVector v0 = ShortVector.fromMemorySegment(SHORTS, ALL, p, LITTLE);
            ShortVector v1 = v0.lanewise(VectorOperators.LSHR, by4);
            ShortVector v2 = v0.lanewise(VectorOperators.LSHR, by8);
            ShortVector v3 = v0.lanewise(VectorOperators.LSHR, by12);
            ShortVector f = IntVector.broadcast(INTS, x[x0 + k]).reinterpretAsShorts();
            a0 = a0.add(v0.mul(f));
            a1 = a1.add(v1.mul(f));
            a2 = a2.add(v2.mul(f));
            a3 = a3.add(v3.mul(f));
            f = IntVector.broadcast(INTS, x[x1 + k]).reinterpretAsShorts();
            b0 = b0.add(v0.mul(f));
            b1 = b1.add(v1.mul(f));
            b2 = b2.add(v2.mul(f));
            b3 = b3.add(v3.mul(f));
            f = IntVector.broadcast(INTS, x[x2 + k]).reinterpretAsShorts();
            c0 = c0.add(v0.mul(f));
            c1 = c1.add(v1.mul(f));
            c2 = c2.add(v2.mul(f));
            c3 = c3.add(v3.mul(f));
            f = IntVector.broadcast(INTS, x[x3 + k]).reinterpretAsShorts();
            d0 = d0.add(v0.mul(f));
            d1 = d1.add(v1.mul(f));
            d2 = d2.add(v2.mul(f));
            d3 = d3.add(v3.mul(f));
        }
        a0.intoMemorySegment(ALL, sums, LITTLE);
        a1.intoMemorySegment(ALL, sums + 4 * L, LITTLE);
        a2.intoMemorySegment(ALL, sums + 8 * L, LITTLE);
        a3.intoMemorySegment(ALL, sums + 12 * L, LITTLE);
        b0.intoMemorySegment(ALL, sums + 16 * L, LITTLE);
        b1.intoMemorySegment(ALL, sums + 20 * L, LITTLE);
        b2.intoMemorySegment(ALL, sums + 24 * L, LITTLE);
        b3.intoMemorySegment(ALL, sums + 28 * L, LITTLE);
        c0.intoMemorySegment(ALL, sums + 32 * L, LITTLE);
        c1.intoMemorySegment(ALL, sums + 36 * L, LITTLE);
        c2.intoMemorySegment(ALL, sums + 40 * L, LITTLE);
        c3.intoMemorySegment(ALL, sums + 44 * L, LITTLE);
        d0.intoMemorySegment(ALL, sums + 48 * L, LITTLE);
        d1.intoMemorySegment(ALL, sums + 52 * L, LITTLE);
        d2.intoMemorySegment(ALL, sums + 56 * L, LITTLE);
        d3.intoMemorySegment(ALL, sums + 60 * L, LITTLE);
    }

    /** As {@link #four}. */
    private static void two(long w, int[] offsets, int at, int n, int[] x, int x0, int step, int last,
            long sums, int by) {
        // Not constants: the JVM has no shift of 16-bit lanes by a constant, and would make a vector of it at each use.
        int by4 = 4 * by;
        int by8 = 8 * by;
        int by12 = 12 * by;
        int x1 = x0 + Math.min(1, last) * step;
        ShortVector a0 = ShortVector.zero(SHORTS);
        ShortVector a1 = a0;
        ShortVector a2 = a0;
        ShortVector a3 = a0;
        ShortVector b0 = a0;
        ShortVector b1 = a0;
        ShortVector b2 = a0;
        ShortVector b3 = a0;
        for (int k = 0; k < n; k++) {
            long p = (w & POSITIVE) + Integer.toUnsignedLong(offsets[at + k]);
            ShortVector v0 = ShortVector.fromMemorySegment(SHORTS, ALL, p, LITTLE);
            ShortVector v1 = v0.lanewise(VectorOperators.LSHR, by4);
            ShortVector v2 = v0.lanewise(VectorOperators.LSHR, by8);
            ShortVector v3 = v0.lanewise(VectorOperators.LSHR, by12);
            ShortVector f = IntVector.broadcast(INTS, x[x0 + k]).reinterpretAsShorts();
            a0 = a0.add(v0.mul(f));
            a1 = a1.add(v1.mul(f));
            a2 = a2.add(v2.mul(f));
            a3 = a3.add(v3.mul(f));
            f = IntVector.broadcast(INTS, x[x1 + k]).reinterpretAsShorts();
            b0 = b0.add(v0.mul(f));
            b1 = b1.add(v1.mul(f));
            b2 = b2.add(v2.mul(f));
            b3 = b3.add(v3.mul(f));
        }
        a0.intoMemorySegment(ALL, sums, LITTLE);
        a1.intoMemorySegment(ALL, sums + 4 * L, LITTLE);
        a2.intoMemorySegment(ALL, sums + 8 * L, LITTLE);
        a3.intoMemorySegment(ALL, sums + 12 * L, LITTLE);
        b0.intoMemorySegment(ALL, sums + 16 * L, LITTLE);
        b1.intoMemorySegment(ALL, sums + 20 * L, LITTLE);
        b2.intoMemorySegment(ALL, sums + 24 * L, LITTLE);
        b3.intoMemorySegment(ALL, sums + 28 * L, LITTLE);
    }

    /**
     * Takes from the sums of one block for 8 L rows what they have too much, and adds them, scaled, to those of all.
     *
     * @param scales of the tile's rows, for sums in the upper half of a lane
     * @param scale of the vector's block
     */
    private static void addScaled(long sums, short correction, long scales, float scale, long y, int by) {
        int by4 = 4 * by;
        ShortVector a = ShortVector.fromMemorySegment(SHORTS, ALL, sums, LITTLE);
        ShortVector b = ShortVector.fromMemorySegment(SHORTS, ALL, sums + 4 * L, LITTLE);
        ShortVector c = ShortVector.fromMemorySegment(SHORTS, ALL, sums + 8 * L, LITTLE);
        ShortVector d = ShortVector.fromMemorySegment(SHORTS, ALL, sums + 12 * L, LITTLE);
        IntVector both;
        both = a.sub(b.lanewise(VectorOperators.LSHL, by4)).add(correction).reinterpretAsInts();
        ((FloatVector) both.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, scales, LITTLE).mul(scale),
                        FloatVector.fromMemorySegment(FLOATS, ALL, y, LITTLE))
                .intoMemorySegment(ALL, y, LITTLE);
        ((FloatVector) both.and(UPPER_HALF).convert(VectorOperators.I2F, 0))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, scales + 4 * L, LITTLE).mul(scale),
                        FloatVector.fromMemorySegment(FLOATS, ALL, y + 4 * L, LITTLE))
                .intoMemorySegment(ALL, y + 4 * L, LITTLE);
        both = b.sub(c.lanewise(VectorOperators.LSHL, by4)).add(correction).reinterpretAsInts();
        ((FloatVector) both.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, scales + 8 * L, LITTLE).mul(scale),
                        FloatVector.fromMemorySegment(FLOATS, ALL, y + 8 * L, LITTLE))
                .intoMemorySegment(ALL, y + 8 * L, LITTLE);
        ((FloatVector) both.and(UPPER_HALF).convert(VectorOperators.I2F, 0))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, scales + 12 * L, LITTLE).mul(scale),
                        FloatVector.fromMemorySegment(FLOATS, ALL, y + 12 * L, LITTLE))
                .intoMemorySegment(ALL, y + 12 * L, LITTLE);
        both = c.sub(d.lanewise(VectorOperators.LSHL, by4)).add(correction).reinterpretAsInts();
        ((FloatVector) both.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, scales + 16 * L, LITTLE).mul(scale),
                        FloatVector.fromMemorySegment(FLOATS, ALL, y + 16 * L, LITTLE))
                .intoMemorySegment(ALL, y + 16 * L, LITTLE);
        ((FloatVector) both.and(UPPER_HALF).convert(VectorOperators.I2F, 0))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, scales + 20 * L, LITTLE).mul(scale),
                        FloatVector.fromMemorySegment(FLOATS, ALL, y + 20 * L, LITTLE))
                .intoMemorySegment(ALL, y + 20 * L, LITTLE);
        both = d.add(correction).reinterpretAsInts();
        ((FloatVector) both.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, scales + 24 * L, LITTLE).mul(scale),
                        FloatVector.fromMemorySegment(FLOATS, ALL, y + 24 * L, LITTLE))
                .intoMemorySegment(ALL, y + 24 * L, LITTLE);
        ((FloatVector) both.and(UPPER_HALF).convert(VectorOperators.I2F, 0))
                .fma(FloatVector.fromMemorySegment(FLOATS, ALL, scales + 28 * L, LITTLE).mul(scale),
                        FloatVector.fromMemorySegment(FLOATS, ALL, y + 28 * L, LITTLE))
                .intoMemorySegment(ALL, y + 28 * L, LITTLE);
    }
}
