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
 * Widens columns of a tile to float32 for {@link Gemm}: slice after slice of 2 L rows, within a slice column after column, and
 * within a column its rows.
 */
final class Panels {
    private static final int BLOCK = 32;
    private static final int SLICE = Gemm.SLICE;

    private Panels() {
    }

    /**
     * @param from a multiple of the format's block, as is {@code n}
     * @param panel receives rows · n numbers
     */
    static void widen(TiledMatrix m, int tile, int from, int n, float[] panel) {
        Format format = m.format();
        long p = m.address(tile) + format.offset(from) - format.scaleBytes();
        for (int slice = 0; slice < format.rows() / SLICE; slice++) {
            int to = slice * n * SLICE;
            switch (format) {
                case F32 -> f32(p + 4 * SLICE * slice, n, panel, to);
                case F16 -> f16(p + 2 * SLICE * slice, n, panel, to);
                case BF16 -> bf16(p + 2 * SLICE * slice, n, panel, to);
                case Q8_0 -> {
                    for (int block = 0; block < n / BLOCK; block++) {
                        q8(p + (long) block * format.blockBytes(), slice, panel, to + block * BLOCK * SLICE);
                    }
                }
                case Q4_0 -> {
                    for (int block = 0; block < n / BLOCK; block++) {
                        q4(p + (long) block * format.blockBytes(), slice, panel, to + block * BLOCK * SLICE);
                    }
                }
            }
        }
    }

    private static void f32(long p, int n, float[] panel, int to) {
        for (int at = to; at < to + n * SLICE; at += SLICE) {
            FloatVector.fromMemorySegment(FLOATS, ALL, p, LITTLE).intoArray(panel, at);
            FloatVector.fromMemorySegment(FLOATS, ALL, p + 4 * L, LITTLE).intoArray(panel, at + L);
            p += 16 * L;
        }
    }

    private static void f16(long p, int n, float[] panel, int to) {
        for (int at = to; at < to + n * SLICE; at += SLICE) {
            IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, p, LITTLE);
            Gemv.lowerHalves(pairs).intoArray(panel, at);
            Gemv.upperHalves(pairs).intoArray(panel, at + L);
            p += 8 * L;
        }
    }

    private static void bf16(long p, int n, float[] panel, int to) {
        for (int at = to; at < to + n * SLICE; at += SLICE) {
            IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, p, LITTLE);
            Gemv.lowerBfloats(pairs).intoArray(panel, at);
            Gemv.upperBfloats(pairs).intoArray(panel, at + L);
            p += 8 * L;
        }
    }

    /** A slice of one block. */
    private static void q8(long block, int slice, float[] panel, int to) {
        IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, block + 4 * L * slice, LITTLE);
        FloatVector lower = Gemv.lowerHalves(pairs);
        FloatVector upper = Gemv.upperHalves(pairs);
        int shift = 16 * slice;
        long p = block + 8 * L;
        for (int at = to; at < to + BLOCK * SLICE; at += SLICE) {
            IntVector v = IntVector.fromMemorySegment(INTS, ALL, p, LITTLE).lanewise(VectorOperators.LSHR, shift);
            ((FloatVector) v.and(255).sub(128).convert(VectorOperators.I2F, 0)).mul(lower).intoArray(panel, at);
            v = v.lanewise(VectorOperators.LSHR, 8);
            ((FloatVector) v.and(255).sub(128).convert(VectorOperators.I2F, 0)).mul(upper).intoArray(panel, at + L);
            p += 4 * L;
        }
    }

    /** A slice of one block. */
    private static void q4(long block, int slice, float[] panel, int to) {
        IntVector pairs = IntVector.fromMemorySegment(INTS, ALL, block + 4 * L * slice, LITTLE);
        FloatVector lower = Gemv.lowerHalves(pairs);
        FloatVector upper = Gemv.upperHalves(pairs);
        int shift = 4 * slice;
        long p = block + 16 * L;
        for (int at = to; at < to + BLOCK * SLICE; at += SLICE) {
            IntVector v = IntVector.fromMemorySegment(INTS, ALL, p, LITTLE).lanewise(VectorOperators.LSHR, shift);
            ((FloatVector) v.and(15).sub(8).convert(VectorOperators.I2F, 0)).mul(lower).intoArray(panel, at);
            v = v.lanewise(VectorOperators.LSHR, 16);
            ((FloatVector) v.and(15).sub(8).convert(VectorOperators.I2F, 0)).mul(upper).intoArray(panel, at + L);
            p += 4 * L;
        }
    }
}
