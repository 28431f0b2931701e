package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.L;
import static io.rwkv.simd.internal.memory.NativeMemory.ALL;
import static io.rwkv.simd.internal.memory.NativeMemory.LITTLE;

import io.rwkv.simd.internal.memory.NativeMemory;
import io.rwkv.simd.internal.memory.TiledMatrix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

import jdk.incubator.vector.FloatVector;

/**
 * Products of one tile with several vectors. What a vector gives does not depend on the others, nor on how many they are: 4-bit
 * weights are multiplied by {@link BlockGemm}, which gives what {@link Gemv} gives, all others by {@link FloatGemm}.
 */
public final class Gemm {
    /** Vectors whose results are collected together: of 4-bit weights in a first-level cache, as they are read at each block. */
    private static final int FLOAT_ROWS = 264;
    private static final int BLOCK_ROWS = 32;

    /**
     * Columns that are brought into the cache, and widened, before they are multiplied: whole blocks. In float32 they take 128 kB
     * with vectors of 512 bits. With a quarter as many, 8 vectors took 1.2 times as long.
     */
    private static final int PANEL_COLUMNS = 512;

    private Gemm() {
    }

    /** What a thread needs for its tiles. Outside the heap, to begin where a cache line does, which arrays do not. */
    public static final class Workspace {
        private static final long PANEL = 16L * L * PANEL_COLUMNS;
        private static final long RESULTS = Math.max(FLOAT_ROWS * 16L * L, BLOCK_ROWS * 32L * L);
        private static final long SUMS = BlockGemm.GROUP * 16L * L;
        private static final long SCALES = 32L * L;
        private static final long BYTES = PANEL + RESULTS + SUMS + SCALES;

        private final MemorySegment memory = NativeMemory.allocate(Arena.ofAuto(), BYTES);
        /** Columns of a tile in float32. */
        final long panel = memory.address();
        /** Of one tile, its rows for each vector. */
        final long results = panel + PANEL;
        /** Of one block. */
        final long sums = results + RESULTS;
        /** Of one block. */
        final long scales = sums + SUMS;
        long touched; // of no meaning, but to be kept
    }

    /**
     * @param y [vectors, rows of the matrix], receives the tile's rows
     * @param step 1, but not a constant: see {@code Products}
     */
    public static void tile(TiledMatrix m, int tile, GemmInput x, float[] y, Workspace work, int step) {
        int most = x.integers ? BLOCK_ROWS : FLOAT_ROWS;
        for (int row = 0; row < x.rows; row += most) {
            int rows = Math.min(most, x.rows - row);
            clear(work.results, 4L * rows * m.format().rows());
            for (int from = 0; from < x.columns; from += PANEL_COLUMNS) {
                int to = Math.min(from + PANEL_COLUMNS, x.columns);
                long p = m.address(tile) - m.format().scaleBytes();
                work.touched += touch(p + m.format().offset(from), p + m.format().offset(to));
                if (x.integers) {
                    for (int k = from; k < to; k += GemmInput.BLOCK) {
                        BlockGemm.block(m, tile, k, x, row, rows, work, step);
                    }
                } else {
                    FloatGemm.columns(m, tile, from, to, x, row, rows, work);
                }
            }
            for (int t = 0; t < rows; t++) {
                MemorySegment.copy(ALL, ValueLayout.JAVA_FLOAT, work.results + 4L * t * m.format().rows(), y,
                        (row + t) * m.rows() + tile * m.format().rows(), m.rowsOf(tile));
            }
        }
    }

    /** Results of whole tiles, and so of whole vectors. Makes no segment. */
    private static void clear(long results, long bytes) {
        for (long p = results; p < results + bytes; p += 4 * L) {
            FloatVector.zero(FLOATS).intoMemorySegment(ALL, p, LITTLE);
        }
    }

    /**
     * Brings memory into the cache. Kernels have so many operations per line of it that the processor sees few lines ahead, and
     * waits for each; here it asks for dozens at the same time.
     */
    private static long touch(long from, long to) {
        long sum = 0;
        for (long p = from; p < to; p += Gemv.LINE) {
            sum += ALL.get(ValueLayout.JAVA_BYTE, p);
        }
        return sum;
    }
}
