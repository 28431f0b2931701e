package io.rwkv.simd.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.simd.AtUsableWidth;
import io.rwkv.simd.internal.memory.Lanes;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

@AtUsableWidth
class ReductionsTest {
    private static final int[] COUNTS = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 20, 31, 32, 33, 64, 100, 768};

    private final float[] x = Twin.activations(800, 1, 1);
    private final float[] y = Twin.activations(800, 1, 2);
    private final float[] w = Twin.activations(800, 1, 3);

    @Test
    void sumsShouldBeThoseOfTheRange() {
        for (int count : COUNTS) {
            for (int at = 0; at < 4; at++) {
                double sum = 0;
                double squares = 0;
                double dot = 0;
                for (int i = at; i < at + count; i++) {
                    sum += x[i];
                    squares += (x[i] - 0.3f) * (double) (x[i] - 0.3f);
                    dot += (double) x[i] * y[i] * w[i - at + 9];
                }
                assertEquals(sum, Reductions.sum(x, at, count), 1e-6 * count);
                assertEquals(squares, Reductions.squares(x, at, count, 0.3f), 1e-6 * count);
                assertEquals(dot, Reductions.dot(x, y, at, w, 9, count), 1e-6 * count);
            }
        }
    }

    private void checkNormalise(float[] values, int at, int count, double tolerance) {
        double mean = 0;
        for (int i = at; i < at + count; i++) {
            mean += values[i] / (double) count;
        }
        double variance = 0;
        for (int i = at; i < at + count; i++) {
            variance += (values[i] - mean) * (values[i] - mean) / count;
        }
        float[] out = new float[800];
        Arrays.fill(out, 7);
        Reductions.normalise(values, at, count, 1e-5f, w, y, 2, out);
        float[] same = values.clone();
        Reductions.normalise(same, at, count, 1e-5f, w, y, 2, same);
        for (int i = 0; i < out.length; i++) {
            if (i < at || i >= at + count) {
                assertEquals(7, out[i]);
                assertEquals(values[i], same[i]);
                continue;
            }
            double expected = (values[i] - mean) / Math.sqrt(variance + 1e-5f) * w[2 + i - at] + y[2 + i - at];
            assertEquals(expected, out[i], tolerance, i + " of " + count);
            assertEquals(out[i], same[i]);
        }
    }

    @Test
    void normaliseShouldTakeMeanAndDeviationOut() {
        for (int count : COUNTS) {
            checkNormalise(x, 3, count, 1e-5);
        }
    }

    @Test
    void normaliseShouldNotLoseASmallDeviationFromALargeMean() {
        float[] values = new float[800];
        for (int i = 0; i < values.length; i++) {
            values[i] = 1000 + x[i];
        }
        // The mean is summed in single precision, and its error stays in every element.
        checkNormalise(values, 3, 768, 2e-3);
    }

    @Test
    void aConstantShouldNormaliseToTheBias() {
        float[] constant = new float[800];
        Arrays.fill(constant, 3);
        checkNormalise(constant, 0, 64, 1e-5);
        float[] out = new float[800];
        constant[70] = Float.NaN;
        Reductions.normalise(constant, 0, 100, 1e-5f, w, y, 0, out);
        assertTrue(Float.isNaN(out[0]));
    }

    @Test
    void lanesShouldBeAddedInOneOrderBeforeAndAfterCompilation() {
        Random random = new Random(3);
        float[] x = new float[Lanes.L];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        float[] folded = x.clone();
        for (int half = Lanes.L / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                folded[i] += folded[i + half];
            }
        }
        for (int call = 0; call < 50_000; call++) {
            assertEquals(folded[0], Reductions.sum(x, 0, Lanes.L), 0, "call " + call);
        }
    }
}
