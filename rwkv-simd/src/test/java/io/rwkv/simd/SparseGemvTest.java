package io.rwkv.simd;

import static io.rwkv.simd.TiledMatrix.TILE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;

/** Skipping what is multiplied by zero should change no bit of a result. */
@AtUsableWidth
class SparseGemvTest {
    private static final double[] DENSITIES = {0, 0.01, 0.1, 0.3, 0.6, 0.9, 1};

    private static float[] product(TiledMatrix m, float[] x) {
        int n = m.columns();
        Nonzeros nonzeros = new Nonzeros();
        nonzeros.find(x, n, m.format() == Format.Q4_0 ? 4 : 1, BlockGemv.BLOCK);
        RoundedVector rounded = new RoundedVector();
        if (m.format() == Format.Q4_0) {
            rounded.round(x, 0, n);
        }
        float[] y = new float[m.tiles() * TILE];
        for (int tile = 0; tile < m.tiles(); tile++) {
            long w = m.address(tile);
            switch (m.format()) {
                case F32 -> SparseGemv.f32(w, x, nonzeros, y, tile * TILE);
                case F16 -> SparseGemv.f16(w, x, nonzeros, y, tile * TILE);
                case BF16 -> SparseGemv.bf16(w, x, nonzeros, y, tile * TILE);
                case Q8_0 -> SparseGemv.q8(w, x, n, nonzeros, y, tile * TILE);
                case Q4_0 -> SparseGemv.q4(w, rounded, n, nonzeros, y, tile * TILE);
            }
        }
        return y;
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
    void shouldBeTheDenseProductForAnyDensity(Format format) {
        for (int columns : GemvTest.columns(format)) {
            StoredWeights w = StoredWeights.random(format, 130, columns, 1);
            try (Arena arena = Arena.ofConfined()) {
                TiledMatrix m = w.tiled(true, arena);
                for (double density : DENSITIES) {
                    float[] x = sparse(columns, density, 2);
                    assertArrayEquals(GemvTest.product(m, x), product(m, x), format + ", " + columns + ", " + density);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldStayTheDenseProductOnceCompiled(Format format) {
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = StoredWeights.random(format, 64, 768, 3).tiled(true, arena);
            float[] x = sparse(768, 0.5, 4);
            float[] expected = GemvTest.product(m, x);
            for (int call = 0; call < 400; call++) {
                assertArrayEquals(expected, product(m, x), format + ", call " + call);
            }
        }
    }

    @Test
    void stepsShouldBeKeptWhereAnyOfThemIsNotZero() {
        Nonzeros nonzeros = new Nonzeros();
        float[] x = new float[100];
        x[0] = 1;
        x[7] = -0x1p-149f;
        x[33] = Float.NaN;
        x[99] = 2;
        x[50] = -0f;
        nonzeros.find(x, 100, 1, 32);
        assertEquals(4, nonzeros.count);
        assertArrayEquals(new int[]{0, 7, 33, 99}, Arrays.copyOf(nonzeros.columns, 4));
        assertArrayEquals(new int[]{0, 2, 3, 3, 4}, Arrays.copyOf(nonzeros.starts, 5));
        nonzeros.find(x, 64, 4, 32);
        assertEquals(3, nonzeros.count);
        assertArrayEquals(new int[]{0, 4, 32}, Arrays.copyOf(nonzeros.columns, 3));
        assertArrayEquals(new int[]{0, 2, 3}, Arrays.copyOf(nonzeros.starts, 3));
    }
}
