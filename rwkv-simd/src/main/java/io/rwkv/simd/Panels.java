package io.rwkv.simd;

import static io.rwkv.simd.Lanes.FLOATS;
import static io.rwkv.simd.Lanes.INTS;
import static io.rwkv.simd.Lanes.L;
import static io.rwkv.simd.NativeMemory.ALL;
import static io.rwkv.simd.NativeMemory.LITTLE;
import static io.rwkv.simd.TiledMatrix.TILE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Widens columns of a tile to float32, [column][row], for {@link Gemm}. */
final class Panels {
    private static final int BLOCK = BlockGemv.BLOCK;

    private Panels() {
    }

    /** @param from a multiple of the format's block, as is {@code n} */
    static void widen(TiledMatrix m, int tile, int from, int n, float[] panel) {
        Format format = m.format();
        long p = m.address(tile) + (long) from / format.blockColumns() * format.blockBytes();
        switch (format) {
            case F32 -> f32(p, n, panel);
            case F16 -> f16(p, n, panel);
            case BF16 -> bf16(p, n, panel);
            case Q8_0 -> q8(p, n, panel);
            case Q4_0 -> q4(p, n, panel);
        }
    }

    private static void f32(long p, int n, float[] panel) {
        for (int i = 0; i < n * TILE; i += L) {
            FloatVector.fromMemorySegment(FLOATS, ALL, p + 4L * i, LITTLE).intoArray(panel, i);
        }
    }

    private static void f16(long p, int n, float[] panel) {
        for (int i = 0; i < n * TILE; i += L) {
            PlainGemv.halves(p + 2L * i).intoArray(panel, i);
        }
    }

    private static void bf16(long p, int n, float[] panel) {
        for (int i = 0; i < n * TILE; i += L) {
            PlainGemv.bfloats(p + 2L * i).intoArray(panel, i);
        }
    }

    private static void q8(long p, int n, float[] panel) {
        for (int k = 0; k < n; k += BLOCK) {
            for (int row = 0; row < TILE; row += L) {
                FloatVector scale = PlainGemv.halves(p + 2 * row);
                long q = p + 2 * TILE + row;
                for (int j = 0; j < BLOCK; j++) {
                    BlockGemv.bytes(q).mul(scale).intoArray(panel, (k + j) * TILE + row);
                    q += TILE;
                }
            }
            p += (2 + BLOCK) * TILE;
        }
    }

    private static void q4(long p, int n, float[] panel) {
        for (int k = 0; k < n; k += BLOCK) {
            for (int pair = 0; pair < TILE / 2; pair += L) {
                for (int j = 0; j < BLOCK; j += 4) {
                    IntVector v = IntVector.fromMemorySegment(INTS, ALL, p + 2 * TILE + j / 4 * 2 * TILE + 4 * pair,
                            LITTLE);
                    four(v, p + 2 * pair, panel, (k + j) * TILE + pair);
                    four(v.lanewise(VectorOperators.LSHR, 16), p + 2 * pair + TILE, panel,
                            (k + j) * TILE + TILE / 2 + pair);
                }
            }
            p += (2 + BLOCK / 2) * TILE;
        }
    }

    /** The lowest four times four bits of each lane. */
    private static void four(IntVector v, long scales, float[] panel, int to) {
        FloatVector scale = PlainGemv.halves(scales);
        for (int i = 0; i < 4; i++) {
            ((FloatVector) v.and(15).sub(8).convert(VectorOperators.I2F, 0)).mul(scale).intoArray(panel,
                    to + i * TILE);
            v = v.lanewise(VectorOperators.LSHR, 4);
        }
    }
}
