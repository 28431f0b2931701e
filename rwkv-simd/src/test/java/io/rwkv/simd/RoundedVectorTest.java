package io.rwkv.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Random;

@AtUsableWidth
class RoundedVectorTest {
    private static final int N = 96;

    /** The numbers that the factors were made of. */
    private static int[] rounded(RoundedVector v, int n) {
        int[] numbers = new int[n];
        for (int j = 0; j < n; j++) {
            numbers[j] = (short) (v.factors[j] + (j % 4 == 0 ? 0 : 16 * numbers[j - 1]));
        }
        return numbers;
    }

    @Test
    void numbersShouldBeTheNearestOfABlocksScale() {
        float[] x = new float[5 + N];
        Random random = new Random(1);
        RoundedVector v = new RoundedVector();
        for (int trial = 0; trial < 1000; trial++) {
            double size = Math.pow(10, random.nextInt(60) - 30);
            for (int j = 0; j < x.length; j++) {
                x[j] = (float) (size * random.nextGaussian());
            }
            v.round(x, 5, N);
            int[] numbers = rounded(v, N);
            for (int block = 0; block < N / 32; block++) {
                int sum = 0;
                double most = 0;
                for (int j = 32 * block; j < 32 * block + 32; j++) {
                    sum += numbers[j];
                    most = Math.max(most, Math.abs(numbers[j]));
                    double units = x[5 + j] / (double) v.scales[block];
                    assertEquals(units, numbers[j], 0.5 + 3e-5, "trial " + trial + ", column " + j);
                }
                assertEquals(127, most);
                assertEquals((short) (-8 * sum), v.offsets[block]);
            }
        }
    }

    @Test
    void blocksShouldHaveScalesOfTheirOwn() {
        float[] x = new float[N];
        x[3] = 254;
        x[40] = -12.7f;
        RoundedVector v = new RoundedVector();
        v.round(x, 0, N);
        assertEquals(2, v.scales[0]);
        assertEquals(0.1f, v.scales[1], 1e-7f);
        assertEquals(0, v.scales[2]);
        int[] numbers = rounded(v, N);
        assertEquals(127, numbers[3]);
        assertEquals(-127, numbers[40]);
        assertEquals(-127 * -8, v.offsets[1]);
        assertEquals(0, numbers[95]);
        assertEquals(0, v.offsets[2]);
    }

    @Test
    void smallVectorsAfterLargerOnesShouldBeRight() {
        RoundedVector v = new RoundedVector();
        v.round(Twin.activations(N, 1, 2), 0, N);
        float[] x = Twin.activations(32, 1, 3);
        v.round(x, 0, 32);
        RoundedVector fresh = new RoundedVector();
        fresh.round(x, 0, 32);
        for (int j = 0; j < 32; j++) {
            assertEquals(fresh.factors[j], v.factors[j]);
        }
        assertEquals(fresh.offsets[0], v.offsets[0]);
        assertEquals(fresh.scales[0], v.scales[0]);
    }

    @Test
    void numbersNextToNothingShouldStayNextToNothing() {
        RoundedVector v = new RoundedVector();
        for (float size : new float[]{0x1p-149f, 1e-42f, 1e-38f, 1e-37f, 3e-37f, 1e-36f}) {
            float[] x = new float[32];
            x[0] = size;
            x[1] = -size;
            v.round(x, 0, 32);
            int[] numbers = rounded(v, 32);
            for (int j = 0; j < 32; j++) {
                assertTrue(Math.abs(numbers[j]) <= 127, size + ": " + numbers[j]);
                assertTrue(Math.abs(v.scales[0] * numbers[j]) <= 1.001f * size, size + ": " + numbers[j]);
            }
        }
    }

    @Test
    void bothFormsShouldRoundAlike() {
        float[] x = Twin.activations(N, 3, 4);
        RoundedVector v = new RoundedVector();
        v.round(x, 0, N);
        float[] plain = new float[N];
        RoundedVector.round(x, plain, N);
        int[] numbers = rounded(v, N);
        for (int j = 0; j < N; j++) {
            assertEquals(numbers[j] * v.scales[j / 32], plain[j]);
        }
    }
}
