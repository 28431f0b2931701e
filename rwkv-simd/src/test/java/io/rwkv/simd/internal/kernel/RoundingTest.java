package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.simd.AtUsableWidth;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Random;

@AtUsableWidth
class RoundingTest {
    private static final int N = 96;

    @ParameterizedTest
    @ValueSource(ints = {Rounding.LIMIT_4, Rounding.LIMIT_8})
    void numbersShouldBeTheNearestOfABlocksScale(int limit) {
        float[] x = new float[5 + N];
        Random random = new Random(1);
        int[] numbers = new int[7 + N];
        for (int trial = 0; trial < 1000; trial++) {
            double size = Math.pow(10, random.nextInt(60) - 29);
            for (int j = 0; j < x.length; j++) {
                x[j] = (float) (size * random.nextGaussian());
            }
            for (int block = 0; block < N / 32; block++) {
                float scale = Rounding.round(x, 5 + 32 * block, limit, numbers, 7 + 32 * block);
                int sum = 0;
                int most = 0;
                for (int j = 32 * block; j < 32 * block + 32; j++) {
                    sum += numbers[7 + j];
                    most = Math.max(most, Math.abs(numbers[7 + j]));
                    // Scale and inverse have float32's rounding errors, which the limit multiplies.
                    assertEquals(x[5 + j] / (double) scale, numbers[7 + j], 0.5 + 0x1p-22 * limit, "trial " + trial);
                }
                assertEquals(limit, most);
                assertEquals(sum, Rounding.sum(numbers, 7 + 32 * block));
            }
        }
    }

    @Test
    void blocksShouldHaveScalesOfTheirOwn() {
        float[] x = new float[N];
        x[3] = 254;
        x[40] = -12.7f;
        int[] numbers = new int[N];
        assertEquals(2, Rounding.round(x, 0, 127, numbers, 0));
        assertEquals(0.1f, Rounding.round(x, 32, 127, numbers, 32), 1e-7f);
        assertEquals(0, Rounding.round(x, 64, 127, numbers, 64));
        assertEquals(127, numbers[3]);
        assertEquals(-127, numbers[40]);
        assertEquals(-127, Rounding.sum(numbers, 32));
        assertEquals(0, numbers[95]);
        assertEquals(0, Rounding.sum(numbers, 64));
    }

    @ParameterizedTest
    @ValueSource(ints = {Rounding.LIMIT_4, Rounding.LIMIT_8})
    void numbersNextToNothingShouldStayNextToNothing(int limit) {
        int[] numbers = new int[32];
        for (float size : new float[]{0x1p-149f, 1e-42f, 1e-38f, 1e-36f, 7e-31f, 8e-31f, 1e-30f}) {
            float[] x = new float[32];
            x[0] = size;
            x[1] = -size;
            float scale = Rounding.round(x, 0, limit, numbers, 0);
            assertTrue(Math.abs(numbers[0]) <= limit, size + ": " + numbers[0]);
            assertTrue(Math.abs(scale * numbers[0]) <= 1.001f * size, size + ": " + numbers[0]);
            assertEquals(-numbers[0], numbers[1]);
            assertEquals(size < Rounding.LEAST, numbers[0] == 0, size + ": " + numbers[0]);
        }
    }

    @Test
    void whatIsNotFiniteShouldShowInTheScale() {
        int[] numbers = new int[32];
        for (float bad : new float[]{Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (int place = 0; place < 32; place++) {
                float[] x = Twin.activations(32, 1, 1);
                x[place] = bad;
                assertFalse(Float.isFinite(Rounding.round(x, 0, 127, numbers, 0)), bad + " at " + place);
            }
        }
    }

    @Test
    void bothFormsShouldRoundAlike() {
        float[] x = Twin.activations(N, 3, 4);
        float[] plain = new float[N];
        Rounding.round(x, 127, plain, 32, N);
        int[] numbers = new int[N];
        for (int block = 0; block < N; block += 32) {
            float scale = Rounding.round(x, block, 127, numbers, block);
            for (int j = block; j < block + 32; j++) {
                assertEquals(block == 0 ? 0 : numbers[j] * scale, plain[j]);
            }
        }
    }
}
