package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.kernel.Gemv.HALF_BITS;
import static io.rwkv.simd.internal.kernel.Gemv.HALF_EXPONENT;
import static io.rwkv.simd.internal.kernel.Gemv.UPPER_HALF;
import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.INTS;
import static io.rwkv.simd.internal.memory.Lanes.L;
import static io.rwkv.simd.internal.memory.Lanes.SHORTS;
import static io.rwkv.simd.internal.memory.NativeMemory.ALL;
import static io.rwkv.simd.internal.memory.NativeMemory.LITTLE;

import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.NativeMemory;
import io.rwkv.simd.internal.memory.TiledMatrix;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The kernels of {@link Gemv} for quantised weights, which are multiplied as integers, and not taken apart before: a lane that
 * holds the weights n₀ + 16 n₁ + … of four rows is multiplied as it is, and again shifted right by one weight, by two and by
 * three. The sum for the first row then has 16 times the second row's sum too much, and so on; that is taken off once, at the
 * end of a block. All of it is exact modulo the lane's size, which the true sums fit.
 */
final class BlockGemv {
    /** As {@link Gemv#HALF_EXPONENT}, for a factor of 16-bit sums that stand in the upper half of a lane. */
    static final float SUM_EXPONENT = HALF_EXPONENT / (1 << 16);
    /** Takes no bit from any address, but shows the compiler that it lies in {@link NativeMemory#ALL}, and saves a check. */
    private static final long POSITIVE = Long.MAX_VALUE >> 2;

    private BlockGemv() {
    }

    /**
     * Adds one block's products with each of two tiles to their sums, which begin at {@code row}.
     *
     * @param apart from the first tile to the second, in tiles; 0 if there is but one, which is then done twice
     */
    static void twoTiles(TiledMatrix m, int tile, int apart, GemvInput x, int chunk, Gemv.Workspace work, int row,
            int step) {
        long w = m.address(tile);
        long other = apart * m.tileBytes();
        long scales = w + (long) chunk * m.format().blockBytes();
        if (m.format() == Format.Q8_0) {
            q8(w, scales, other, x, chunk, work.sums, row, step);
            return;
        }
        q4(w, other, x, chunk, work.shorts, step);
        short correction = (short) x.corrections[chunk];
        float scale = x.scales[chunk];
        addScaled(work.shorts, 0, correction, scales, scale, work.sums, row, step);
        addScaled(work.shorts, 8 * L, correction, scales + other, scale, work.sums, row + 8 * L, step);
    }

    /**
     * Adds one block's products, scaled, to the sums for the 4 L rows of each of two tiles. Two tiles share the work on factors
     * and addresses.
     *
     * @param scales where the first tile's scales are
     * @param other where the second tile is, from the first
     */
    private static void q8(long w, long scales, long other, GemvInput in, int chunk, float[] y, int row, int step) {
        int[] offsets = in.offsets;
        int[] x = in.ints;
        int to = in.starts[chunk + 1];
        IntVector a = IntVector.zero(INTS);
        IntVector b = a;
        IntVector c = a;
        IntVector d = a;
        IntVector e = a;
        IntVector f = a;
        IntVector g = a;
        IntVector h = a;
        for (int k = in.starts[chunk]; k < to; k += step) {
            long p = (w & POSITIVE) + Integer.toUnsignedLong(offsets[k]);
            IntVector v = IntVector.fromMemorySegment(INTS, ALL, p, LITTLE);
            IntVector u = IntVector.fromMemorySegment(INTS, ALL, p + (other & POSITIVE), LITTLE);
            IntVector factor = IntVector.broadcast(INTS, x[k]);
            a = a.add(v.mul(factor));
            b = b.add(v.lanewise(VectorOperators.LSHR, 8).mul(factor));
            c = c.add(v.lanewise(VectorOperators.LSHR, 16).mul(factor));
            d = d.add(v.lanewise(VectorOperators.LSHR, 24).mul(factor));
            e = e.add(u.mul(factor));
            f = f.add(u.lanewise(VectorOperators.LSHR, 8).mul(factor));
            g = g.add(u.lanewise(VectorOperators.LSHR, 16).mul(factor));
            h = h.add(u.lanewise(VectorOperators.LSHR, 24).mul(factor));
        }
        int correction = in.corrections[chunk];
        float scale = in.scales[chunk];
        IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, scales, LITTLE);
        ((FloatVector) a.sub(b.lanewise(VectorOperators.LSHL, 8)).add(correction).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                        .reinterpretAsFloats().mul(HALF_EXPONENT).mul(scale), FloatVector.fromArray(FLOATS, y, row))
                .intoArray(y, row);
        ((FloatVector) b.sub(c.lanewise(VectorOperators.LSHL, 8)).add(correction).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(HALF_EXPONENT)
                        .mul(scale), FloatVector.fromArray(FLOATS, y, row + L))
                .intoArray(y, row + L);
        pairs = IntVector.fromMemorySegment(INTS, ALL, scales + 4 * L, LITTLE);
        ((FloatVector) c.sub(d.lanewise(VectorOperators.LSHL, 8)).add(correction).convert(VectorOperators.I2F, 0)).fma(
                pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                        .reinterpretAsFloats().mul(HALF_EXPONENT).mul(scale),
                FloatVector.fromArray(FLOATS, y, row + 2 * L)).intoArray(y, row + 2 * L);
        ((FloatVector) d.add(correction).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(HALF_EXPONENT)
                        .mul(scale), FloatVector.fromArray(FLOATS, y, row + 3 * L))
                .intoArray(y, row + 3 * L);
        pairs = IntVector.fromMemorySegment(INTS, ALL, scales + other, LITTLE);
        ((FloatVector) e.sub(f.lanewise(VectorOperators.LSHL, 8)).add(correction).convert(VectorOperators.I2F, 0)).fma(
                pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                        .reinterpretAsFloats().mul(HALF_EXPONENT).mul(scale),
                FloatVector.fromArray(FLOATS, y, row + 4 * L)).intoArray(y, row + 4 * L);
        ((FloatVector) f.sub(g.lanewise(VectorOperators.LSHL, 8)).add(correction).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(HALF_EXPONENT)
                        .mul(scale), FloatVector.fromArray(FLOATS, y, row + 5 * L))
                .intoArray(y, row + 5 * L);
        pairs = IntVector.fromMemorySegment(INTS, ALL, scales + other + 4 * L, LITTLE);
        ((FloatVector) g.sub(h.lanewise(VectorOperators.LSHL, 8)).add(correction).convert(VectorOperators.I2F, 0)).fma(
                pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                        .reinterpretAsFloats().mul(HALF_EXPONENT).mul(scale),
                FloatVector.fromArray(FLOATS, y, row + 6 * L)).intoArray(y, row + 6 * L);
        ((FloatVector) h.add(correction).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(HALF_EXPONENT)
                        .mul(scale), FloatVector.fromArray(FLOATS, y, row + 7 * L))
                .intoArray(y, row + 7 * L);
    }

    /**
     * The sums of one block's products for the 8 L rows of each of two tiles, in pairs. Two tiles share the work on factors and
     * addresses, and two columns that on the loop, which four bits of a weight are too little to carry.
     *
     * @param other where the second tile is, from the first
     */
    private static void q4(long w, long other, GemvInput in, int chunk, short[] sums, int step) {
        int[] offsets = in.offsets;
        short[] x = in.shorts;
        int to = in.starts[chunk + 1];
        int two = 2 * step;
        // Not constants: the JVM has no shift of 16-bit lanes by a constant, and would make a vector of it at each use.
        int by4 = 4 * step;
        int by8 = 8 * step;
        int by12 = 12 * step;
        ShortVector a = ShortVector.zero(SHORTS);
        ShortVector b = a;
        ShortVector c = a;
        ShortVector d = a;
        ShortVector e = a;
        ShortVector f = a;
        ShortVector g = a;
        ShortVector h = a;
        for (int k = in.starts[chunk]; k < to; k += two) {
            long p = (w & POSITIVE) + Integer.toUnsignedLong(offsets[k]);
            ShortVector v = ShortVector.fromMemorySegment(SHORTS, ALL, p, LITTLE);
            ShortVector u = ShortVector.fromMemorySegment(SHORTS, ALL, p + (other & POSITIVE), LITTLE);
            ShortVector factor = ShortVector.broadcast(SHORTS, x[k]);
            a = a.add(v.mul(factor));
            e = e.add(u.mul(factor));
            b = b.add(v.lanewise(VectorOperators.LSHR, by4).mul(factor));
            f = f.add(u.lanewise(VectorOperators.LSHR, by4).mul(factor));
            c = c.add(v.lanewise(VectorOperators.LSHR, by8).mul(factor));
            g = g.add(u.lanewise(VectorOperators.LSHR, by8).mul(factor));
            d = d.add(v.lanewise(VectorOperators.LSHR, by12).mul(factor));
            h = h.add(u.lanewise(VectorOperators.LSHR, by12).mul(factor));
            p = (w & POSITIVE) + Integer.toUnsignedLong(offsets[k + 1]);
            v = ShortVector.fromMemorySegment(SHORTS, ALL, p, LITTLE);
            u = ShortVector.fromMemorySegment(SHORTS, ALL, p + (other & POSITIVE), LITTLE);
            factor = ShortVector.broadcast(SHORTS, x[k + 1]);
            a = a.add(v.mul(factor));
            e = e.add(u.mul(factor));
            b = b.add(v.lanewise(VectorOperators.LSHR, by4).mul(factor));
            f = f.add(u.lanewise(VectorOperators.LSHR, by4).mul(factor));
            c = c.add(v.lanewise(VectorOperators.LSHR, by8).mul(factor));
            g = g.add(u.lanewise(VectorOperators.LSHR, by8).mul(factor));
            d = d.add(v.lanewise(VectorOperators.LSHR, by12).mul(factor));
            h = h.add(u.lanewise(VectorOperators.LSHR, by12).mul(factor));
        }
        a.intoArray(sums, 0);
        b.intoArray(sums, 2 * L);
        c.intoArray(sums, 4 * L);
        d.intoArray(sums, 6 * L);
        e.intoArray(sums, 8 * L);
        f.intoArray(sums, 10 * L);
        g.intoArray(sums, 12 * L);
        h.intoArray(sums, 14 * L);
    }

    /** Takes from the sums of one block for 8 L rows what they have too much, and adds them, scaled, to those of all. */
    private static void addScaled(short[] sums, int at, short correction, long scales, float scale, float[] y, int row,
            int step) {
        int by4 = 4 * step;
        ShortVector a = ShortVector.fromArray(SHORTS, sums, at);
        ShortVector b = ShortVector.fromArray(SHORTS, sums, at + 2 * L);
        ShortVector c = ShortVector.fromArray(SHORTS, sums, at + 4 * L);
        ShortVector d = ShortVector.fromArray(SHORTS, sums, at + 6 * L);
        IntVector both;
        IntVector pairs;
        both = a.sub(b.lanewise(VectorOperators.LSHL, by4)).add(correction).reinterpretAsInts();
        pairs = IntVector.fromMemorySegment(INTS, ALL, scales, LITTLE);
        ((FloatVector) both.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                        .reinterpretAsFloats().mul(SUM_EXPONENT).mul(scale), FloatVector.fromArray(FLOATS, y, row))
                .intoArray(y, row);
        ((FloatVector) both.and(UPPER_HALF).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(SUM_EXPONENT)
                        .mul(scale), FloatVector.fromArray(FLOATS, y, row + L))
                .intoArray(y, row + L);
        both = b.sub(c.lanewise(VectorOperators.LSHL, by4)).add(correction).reinterpretAsInts();
        pairs = IntVector.fromMemorySegment(INTS, ALL, scales + 4 * L, LITTLE);
        ((FloatVector) both.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0)).fma(
                pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                        .reinterpretAsFloats().mul(SUM_EXPONENT).mul(scale),
                FloatVector.fromArray(FLOATS, y, row + 2 * L)).intoArray(y, row + 2 * L);
        ((FloatVector) both.and(UPPER_HALF).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(SUM_EXPONENT)
                        .mul(scale), FloatVector.fromArray(FLOATS, y, row + 3 * L))
                .intoArray(y, row + 3 * L);
        both = c.sub(d.lanewise(VectorOperators.LSHL, by4)).add(correction).reinterpretAsInts();
        pairs = IntVector.fromMemorySegment(INTS, ALL, scales + 8 * L, LITTLE);
        ((FloatVector) both.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0)).fma(
                pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                        .reinterpretAsFloats().mul(SUM_EXPONENT).mul(scale),
                FloatVector.fromArray(FLOATS, y, row + 4 * L)).intoArray(y, row + 4 * L);
        ((FloatVector) both.and(UPPER_HALF).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(SUM_EXPONENT)
                        .mul(scale), FloatVector.fromArray(FLOATS, y, row + 5 * L))
                .intoArray(y, row + 5 * L);
        both = d.add(correction).reinterpretAsInts();
        pairs = IntVector.fromMemorySegment(INTS, ALL, scales + 12 * L, LITTLE);
        ((FloatVector) both.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0)).fma(
                pairs.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 3).and(HALF_BITS)
                        .reinterpretAsFloats().mul(SUM_EXPONENT).mul(scale),
                FloatVector.fromArray(FLOATS, y, row + 6 * L)).intoArray(y, row + 6 * L);
        ((FloatVector) both.and(UPPER_HALF).convert(VectorOperators.I2F, 0))
                .fma(pairs.lanewise(VectorOperators.ASHR, 3).and(HALF_BITS).reinterpretAsFloats().mul(SUM_EXPONENT)
                        .mul(scale), FloatVector.fromArray(FLOATS, y, row + 7 * L))
                .intoArray(y, row + 7 * L);
    }
}
