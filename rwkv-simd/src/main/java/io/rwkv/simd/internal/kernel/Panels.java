package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.INTS;
import static io.rwkv.simd.internal.memory.Lanes.L;
import static io.rwkv.simd.internal.memory.NativeMemory.ALL;
import static io.rwkv.simd.internal.memory.NativeMemory.LITTLE;

import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.TiledMatrix;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Widens columns of a tile to float32 for {@link FloatGemm}: slice after slice of 2 L rows, within a slice column after column,
 * and within a column its rows.
 */
final class Panels {
    private static final int BLOCK = GemmInput.BLOCK;
    private static final int SLICE = FloatGemm.SLICE;

    private Panels() {
    }

    /**
     * Of the columns from {@code from} to {@code to - 1} those that a group of vectors needs.
     *
     * @param from the first column, where a block begins; one block ends at {@code to}, or the last column does
     * @param panel where to write as many columns of all rows
     */
    static void widen(TiledMatrix m, int tile, int from, int to, GemmInput x, int group, long panel) {
        Format format = m.format();
        long w = m.address(tile);
        int n = x.start(group, to) - x.start(group, from);
        int first = x.base(group) + x.start(group, from);
        for (int slice = 0; slice < format.rows() / SLICE; slice++) {
            long out = panel + 4L * slice * n * SLICE;
            switch (format) {
                case F32 -> f32(w + 4 * SLICE * slice, x.offsets, first, first + n, out);
                case F16 -> f16(w + 2 * SLICE * slice, x.offsets, first, first + n, out);
                case BF16 -> bf16(w + 2 * SLICE * slice, x.offsets, first, first + n, out);
                case Q8_0 -> {
                    for (int k = from; k < to; k += BLOCK) {
                        int at = x.base(group) + x.start(group, k);
                        q8(w, w + (long) (k / BLOCK) * format.blockBytes() + 4 * L * slice, slice, x.offsets, at,
                                x.base(group) + x.start(group, k + BLOCK), out + 4L * (at - first) * SLICE);
                    }
                }
                case Q4_0 -> throw new AssertionError("belongs to BlockGemm: " + format);
            }
        }
    }

    private static void f32(long w, int[] offsets, int from, int to, long out) {
        for (int i = from; i < to; i++) {
            long p = w + offsets[i];
            FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE).intoMemorySegment(ALL, out, LITTLE);
            FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE).intoMemorySegment(ALL, out + 4 * L, LITTLE);
            out += 8 * L;
        }
    }

    private static void f16(long w, int[] offsets, int from, int to, long out) {
        for (int i = from; i < to; i++) {
            IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, w + offsets[i], LITTLE);
            Gemv.lowerHalves(pairs).intoMemorySegment(ALL, out, LITTLE);
            Gemv.upperHalves(pairs).intoMemorySegment(ALL, out + 4 * L, LITTLE);
            out += 8 * L;
        }
    }

    private static void bf16(long w, int[] offsets, int from, int to, long out) {
        for (int i = from; i < to; i++) {
            IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, w + offsets[i], LITTLE);
            Gemv.lowerBfloats(pairs).intoMemorySegment(ALL, out, LITTLE);
            Gemv.upperBfloats(pairs).intoMemorySegment(ALL, out + 4 * L, LITTLE);
            out += 8 * L;
        }
    }

    /** Listed columns of one block, whose scales for this slice are at {@code scales}. */
    private static void q8(long w, long scales, int slice, int[] offsets, int from, int to, long out) {
        IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, scales, LITTLE);
        FloatVector lower = Gemv.lowerHalves(pairs);
        FloatVector upper = Gemv.upperHalves(pairs);
        int shift = 16 * slice;
        for (int i = from; i < to; i++) {
            IntVector v = IntVector.fromMemorySegment(INTS, ALL, w + offsets[i], LITTLE).lanewise(VectorOperators.LSHR,
                    shift);
            ((FloatVector) v.and(255).sub(128).convert(VectorOperators.I2F, 0)).mul(lower).intoMemorySegment(ALL, out,
                    LITTLE);
            v = v.lanewise(VectorOperators.LSHR, 8);
            ((FloatVector) v.and(255).sub(128).convert(VectorOperators.I2F, 0)).mul(upper).intoMemorySegment(ALL,
                    out + 4 * L, LITTLE);
            out += 8 * L;
        }
    }
}
