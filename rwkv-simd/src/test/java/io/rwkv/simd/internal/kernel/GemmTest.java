package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.simd.AtUsableWidth;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.StoredWeights;
import io.rwkv.simd.internal.memory.TiledMatrix;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;

/** Products with several vectors against double arithmetic, and what must change no bit of their results. */
@AtUsableWidth
class GemmTest {
    private static final int[] TOKENS = {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 33};
    private static final int[] PLAIN_COLUMNS = {1, 100, 513, 1024, 2080};
    private static final int[] BLOCK_COLUMNS = {32, 512, 544, 2080};
    private static final int ROWS = 8 * 16 + 6; // a tile and a part of one, at least

    private final Gemm.Workspace work = new Gemm.Workspace();
    private final GemmInput input = new GemmInput(); // for vectors of all sizes

    private static int[] columns(Format format) {
        return format.blockColumns() == 1 ? PLAIN_COLUMNS : BLOCK_COLUMNS;
    }

    private float[] product(TiledMatrix m, float[] x, int tokens, boolean skipping) {
        input.fill(m.format(), x, tokens, m.columns(), skipping);
        float[] y = new float[tokens * m.rows()];
        for (int tile = 0; tile < m.tiles(); tile++) {
            Gemm.tile(m, tile, input, y, work, 1);
        }
        return y;
    }

    private static double[] seen(Format format, float[] x) {
        return Twin.seen(format == Format.Q4_0 ? format : Format.F32, x);
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeTheProductForAnyNumberOfTokens(Format format) {
        for (int columns : columns(format)) {
            StoredWeights w = StoredWeights.random(format, ROWS, columns, 1);
            try (Arena arena = Arena.ofConfined()) {
                TiledMatrix m = w.tiled(false, arena);
                for (int tokens : TOKENS) {
                    float[] x = Twin.activations(tokens * columns, 1, 2);
                    Twin.assertProduct(format + ", " + tokens + " × " + columns,
                            Twin.product(w, seen(format, x), tokens), product(m, x, tokens, false));
                }
            }
        }
    }

    /** More than are collected together. */
    @ParameterizedTest
    @EnumSource
    void promptsShouldGiveWhatTheirPartsGive(Format format) {
        int tokens = 300;
        int columns = 544;
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = StoredWeights.random(format, 70, columns, 3).tiled(false, arena);
            float[] x = Twin.activations(tokens * columns, 1, 4);
            float[] all = product(m, x, tokens, false);
            for (int t = 0; t < tokens; t += 20) {
                assertArrayEquals(product(m, Arrays.copyOfRange(x, t * columns, (t + 20) * columns), 20, false),
                        Arrays.copyOfRange(all, t * 70, (t + 20) * 70), format + ", from token " + t);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTileShouldBeWrittenAndNothingBesideIt(Format format) {
        int rows = 3 * format.rows() - 5;
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = StoredWeights.random(format, rows, 96, 5).tiled(false, arena);
            float[] x = Twin.activations(7 * 96, 1, 6);
            float[] expected = product(m, x, 7, false);
            for (int tile = 0; tile < 3; tile++) {
                float[] y = new float[7 * rows];
                Arrays.fill(y, 7);
                Gemm.tile(m, tile, input, y, work, 1);
                for (int i = 0; i < y.length; i++) {
                    boolean within = i % rows / format.rows() == tile;
                    assertEquals(within ? expected[i] : 7, y[i], format + ", tile " + tile + ", number " + i);
                }
            }
        }
    }

    /** Vectors of which some are zero where others are not, and some all over. */
    private static float[] sparse(int tokens, int columns, double density, long seed) {
        Random random = new Random(seed);
        float[] x = new float[tokens * columns];
        for (int i = 0; i < x.length; i++) {
            boolean nonzero = i / columns % 5 != 3 && random.nextDouble() < density;
            x[i] = nonzero ? (float) random.nextGaussian() : i % 2 == 0 ? 0f : -0f;
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource
    void skippingZerosShouldChangeNoBit(Format format) {
        for (int columns : columns(format)) {
            try (Arena arena = Arena.ofConfined()) {
                TiledMatrix m = StoredWeights.random(format, ROWS, columns, 7).tiled(true, arena);
                for (int tokens : TOKENS) {
                    for (double density : new double[]{0, 0.01, 0.08, 0.2, 0.7, 1}) {
                        float[] x = sparse(tokens, columns, density, 8);
                        float[] before = x.clone();
                        String what = format + ", " + tokens + " × " + columns + ", " + density;
                        assertArrayEquals(product(m, x, tokens, false), product(m, x, tokens, true), what);
                        if (format == Format.Q8_0 && tokens > FloatGemm.GROUP) {
                            assertFalse(input.skipping, what); // several groups would widen the weights several times
                        } else {
                            assertTrue(input.skipping || density > 0.01, what);
                        }
                        assertArrayEquals(before, x, what);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nanShouldSpreadToItsVectorAndNoOther(Format format) {
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = StoredWeights.random(format, 70, 96, 9).tiled(true, arena);
            for (boolean skipping : new boolean[]{false, true}) {
                float[] x = sparse(9, 96, 0.05, 10);
                float[] expected = product(m, x, 9, skipping);
                x[5 * 96 + 40] = Float.NaN;
                float[] y = product(m, x, 9, skipping);
                for (int i = 0; i < y.length; i++) {
                    assertEquals(i / 70 == 5 ? Float.NaN : expected[i], y[i], format + ", number " + i);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldStayTheProductOnceCompiled(Format format) {
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = StoredWeights.random(format, 130, 1056, 11).tiled(true, arena);
            for (int tokens : new int[]{2, 4, 6, 8, 11}) {
                float[] x = sparse(tokens, 1056, 0.1, 12);
                float[] expected = product(m, x, tokens, false);
                for (int call = 0; call < 300; call++) {
                    assertArrayEquals(expected, product(m, x, tokens, call % 2 == 1), format + ", call " + call);
                }
            }
        }
    }
}
