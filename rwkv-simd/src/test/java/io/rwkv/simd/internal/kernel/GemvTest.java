package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.simd.AtUsableWidth;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.StoredWeights;
import io.rwkv.simd.internal.memory.TiledMatrix;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;

/** The kernels for one vector against double arithmetic, and what must change no bit of their results. */
@AtUsableWidth
public class GemvTest {
    private static final int[] ROWS = {1, 37, 64, 130, 517};
    private static final int[] PLAIN_COLUMNS = {1, 24, 100, 768};
    private static final int[] BLOCK_COLUMNS = {32, 96, 768, 2080};
    /** Calls after which the JVM has compiled a kernel, so that both the interpreter's and the compiler's are tested. */
    private static final int CALLS = 200;

    public static int[] columns(Format format) {
        return format.blockColumns() == 1 ? PLAIN_COLUMNS : BLOCK_COLUMNS;
    }

    /** The product of all tiles, by so many at once, far from each other, with the vector from some index on. */
    static float[] product(TiledMatrix m, float[] x, int tilesAtOnce, boolean skipping) {
        float[] shifted = new float[5 + x.length];
        System.arraycopy(x, 0, shifted, 5, x.length);
        GemvInput input = new GemvInput();
        input.fill(m.format(), shifted, 5, x.length, skipping);
        int rows = m.format().rows();
        Gemv.Workspace work = new Gemv.Workspace(tilesAtOnce);
        float[] y = new float[m.tiles() * rows];
        int apart = Math.ceilDiv(m.tiles(), tilesAtOnce);
        for (int tile = 0; tile < apart; tile++) {
            int count = Math.ceilDiv(m.tiles() - tile, apart);
            Arrays.fill(work.sums, 7);
            Gemv.tiles(m, tile, apart, count, input, work, 1);
            for (int t = 0; t < count; t++) {
                System.arraycopy(work.sums, t * rows, y, (tile + t * apart) * rows, rows);
            }
            int written = m.format().hasBlocks() ? Math.ceilDiv(count, 2) * 2 : count;
            for (int i = written * rows; i < work.sums.length; i++) {
                assertEquals(7, work.sums[i], "beyond the tiles");
            }
        }
        return y;
    }

    private static float[] product(TiledMatrix m, float[] x) {
        return product(m, x, 1, false);
    }

    private static void check(String what, StoredWeights w, float[] x) {
        try (Arena arena = Arena.ofConfined()) {
            float[] y = product(w.tiled(false, arena), x);
            Twin.assertProduct(what, Twin.product(w, Twin.seen(w.format(), x), 1), y);
            for (int row = w.rows(); row < y.length; row++) {
                assertEquals(0, y[row], what + ": row " + row + " beyond the last one");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeTheProductForAnySize(Format format) {
        for (int rows : ROWS) {
            for (int columns : columns(format)) {
                String what = format + " " + rows + " × " + columns;
                check(what, StoredWeights.random(format, rows, columns, 1), Twin.activations(columns, 1, 2));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldStayTheProductOnceCompiled(Format format) {
        StoredWeights w = StoredWeights.random(format, 130, 768, 3);
        float[] x = Twin.activations(768, 1, 4);
        Twin.Product expected = Twin.product(w, Twin.seen(format, x), 1);
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = w.tiled(false, arena);
            for (int call = 0; call < CALLS; call++) {
                float[] y = product(m, x);
                if (call % 20 == 0 || call == CALLS - 1) {
                    Twin.assertProduct(format + ", call " + call, expected, y);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldTakeActivationsOfAnySize(Format format) {
        StoredWeights w = StoredWeights.random(format, 70, 96, 5);
        for (double size : new double[]{1e-44, 1e-38, 1e-36, 1e-20, 1e20, 1e32}) {
            check(format + " with activations of " + size, w, Twin.activations(96, size, 6));
        }
        float[] one = new float[96];
        one[67] = 1e30f;
        check(format + " with one large activation", w, one);
        check(format + " with nothing but zeros", w, new float[96]);
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void shouldTakeTheMostExtremeBlocks(Format format) {
        int most = format == Format.Q8_0 ? 128 : 8;
        for (int value : new int[]{-most, most - 1}) {
            for (float scale : new float[]{0, 0x1p-24f, 0x3FFp-24f, -0x1p-24f, 1, -1, 65504, -65504}) {
                StoredWeights w = StoredWeights.zero(format, 65, 96);
                w.scales(scale);
                w.quants(value);
                float[] all = new float[96];
                Arrays.fill(all, 3);
                check(format + " of " + value + " · " + scale, w, all);
                Arrays.fill(all, -3);
                check(format + " of " + value + " · " + scale + ", negative", w, all);
                check(format + " of " + value + " · " + scale, w, Twin.activations(96, 1, 7));
            }
        }
    }

    @Test
    void everyHalfPrecisionNumberShouldBeWidenedExactly() {
        // Row r of column k is the number with the bits 64 k + r: all, but the infinities and NaN.
        StoredWeights w = StoredWeights.zero(Format.F16, 64, 1024);
        for (int bits = 0; bits < 1 << 16; bits++) {
            boolean finite = (bits & 0x7C00) != 0x7C00;
            w.bytes().putShort(2 * (bits % 64 * 1024 + bits / 64), (short) (finite ? bits : 0));
        }
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = w.tiled(false, arena);
            for (int k = 0; k < 1024; k++) {
                float[] x = new float[1024];
                x[k] = 1;
                float[] y = product(m, x);
                for (int row = 0; row < 64; row++) {
                    // Adding 0 makes -0 the 0 that it is after a sum.
                    assertEquals(w.at(row, k) + 0.0, y[row], "column " + k + ", row " + row);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nanShouldSpread(Format format) {
        StoredWeights w = StoredWeights.random(format, 64, 96, 8);
        float[] x = Twin.activations(96, 1, 9);
        x[40] = Float.NaN;
        try (Arena arena = Arena.ofConfined()) {
            for (float y : product(w.tiled(false, arena), x)) {
                assertEquals(Float.NaN, y);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void tilesAtOnceShouldGiveWhatEachGivesAlone(Format format) {
        for (int columns : columns(format)) {
            float[] x = Twin.activations(columns, 1, 10);
            try (Arena arena = Arena.ofConfined()) {
                TiledMatrix m = StoredWeights.random(format, 900, columns, 11).tiled(false, arena);
                float[] expected = product(m, x);
                for (int atOnce = 2; atOnce <= 4; atOnce++) {
                    assertArrayEquals(expected, product(m, x, atOnce, false), format + ", " + columns);
                }
            }
        }
    }

    private static float[] sparse(int n, double density, long seed) {
        Random random = new Random(seed);
        float[] x = new float[n];
        for (int k = 0; k < n; k++) {
            x[k] = random.nextDouble() < density ? (float) random.nextGaussian() : 0;
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource
    void skippingZerosShouldChangeNoBit(Format format) {
        for (int columns : columns(format)) {
            StoredWeights w = StoredWeights.random(format, 130, columns, 12);
            try (Arena arena = Arena.ofConfined()) {
                TiledMatrix m = w.tiled(true, arena);
                for (double density : new double[]{0, 0.01, 0.04, 0.08, 0.15, 0.6, 1}) {
                    float[] x = sparse(columns, density, 13);
                    assertArrayEquals(product(m, x), product(m, x, 1, true), format + ", " + columns + ", " + density);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void skippingZerosShouldChangeNoBitOnceCompiled(Format format) {
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = StoredWeights.random(format, 64, 768, 14).tiled(true, arena);
            float[] x = sparse(768, 0.04, 15);
            float[] expected = product(m, x);
            for (int call = 0; call < 2 * CALLS; call++) {
                assertArrayEquals(expected, product(m, x, 1, true), format + ", call " + call);
            }
        }
    }
}
