package io.rwkv.text.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.generation.GenerationOptions;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

class SamplerTest {
    private static final GenerationOptions ALL = GenerationOptions.defaults().withTopP(1).withSeed(1);

    /** Logits whose softmax at temperature 1 is 0.5, 0.25, 0.125, 0.125, in another order. */
    private static final float[] LOGITS = logits(0.125, 0.5, 0.125, 0.25);

    private static float[] logits(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (3 + Math.log(probabilities[i]));
        }
        return logits;
    }

    private static double[] frequencies(GenerationOptions options, float[] logits) {
        Sampler sampler = new Sampler(options);
        double[] counts = new double[logits.length];
        int n = 40_000;
        for (int i = 0; i < n; i++) {
            counts[sampler.choose(logits)] += 1.0 / n;
        }
        return counts;
    }

    private static void assertFrequencies(double[] found, double... expected) {
        for (int i = 0; i < expected.length; i++) {
            // Five standard deviations of 40,000 draws.
            assertEquals(expected[i], found[i], expected[i] == 0 ? 0 : 0.0125, Arrays.toString(found));
        }
    }

    @Test
    void withoutLimitsTheSoftmaxShouldDecide() {
        assertFrequencies(frequencies(ALL, LOGITS), 0.125, 0.5, 0.125, 0.25);
    }

    @Test
    void temperatureShouldSharpenAndFlatten() {
        assertFrequencies(frequencies(ALL.withTemperature(0.5), LOGITS), 1 / 22.0, 16 / 22.0, 1 / 22.0, 4 / 22.0);
        assertFrequencies(frequencies(ALL.withTemperature(0), LOGITS), 0, 1, 0, 0);
        assertFrequencies(frequencies(ALL.withTemperature(1000), LOGITS), 0.25, 0.25, 0.25, 0.25);
    }

    @Test
    void topKShouldKeepTheLikeliest() {
        assertFrequencies(frequencies(ALL.withTopK(2), LOGITS), 0, 2 / 3.0, 0, 1 / 3.0);
        assertFrequencies(frequencies(ALL.withTopK(1), LOGITS), 0, 1, 0, 0);
        assertFrequencies(frequencies(ALL.withTopK(100), LOGITS), 0.125, 0.5, 0.125, 0.25);
    }

    @Test
    void topPShouldKeepTheSmallestSufficientSet() {
        assertFrequencies(frequencies(ALL.withTopP(0.5), LOGITS), 0, 1, 0, 0);
        assertFrequencies(frequencies(ALL.withTopP(0.51), LOGITS), 0, 2 / 3.0, 0, 1 / 3.0);
        assertFrequencies(frequencies(ALL.withTopP(1e-9), LOGITS), 0, 1, 0, 0);
    }

    @Test
    void topPShouldAgreeWithAFullSort() {
        Random random = new Random(3);
        for (int round = 0; round < 200; round++) {
            int n = 1 + random.nextInt(300);
            float[] logits = new float[n];
            for (int i = 0; i < n; i++) {
                logits[i] = (float) (random.nextGaussian() * 4);
            }
            double p = 0.05 + 0.9 * random.nextDouble();
            double[] weights = IntStream.range(0, n).mapToDouble(i -> Math.exp(logits[i])).sorted().toArray();
            double total = Arrays.stream(weights).sum();
            double sum = 0;
            double smallestKept = 0;
            for (int i = n - 1; i >= 0 && sum < p * total; i--) {
                sum += weights[i];
                smallestKept = weights[i];
            }
            Sampler sampler = new Sampler(ALL.withTopP(p).withSeed(round));
            for (int draw = 0; draw < 50; draw++) {
                double weight = Math.exp(logits[sampler.choose(logits)]);
                assertTrue(weight >= smallestKept * (1 - 1e-9), weight + " < " + smallestKept);
            }
        }
    }

    @Test
    void theSameSeedShouldGiveTheSameChoices() {
        Sampler one = new Sampler(ALL.withSeed(9));
        Sampler two = new Sampler(ALL.withSeed(9));
        Sampler other = new Sampler(ALL.withSeed(10));
        int[] ones = IntStream.range(0, 100).map(i -> one.choose(LOGITS)).toArray();
        int[] twos = IntStream.range(0, 100).map(i -> two.choose(LOGITS)).toArray();
        int[] others = IntStream.range(0, 100).map(i -> other.choose(LOGITS)).toArray();
        assertTrue(Arrays.equals(ones, twos));
        assertTrue(!Arrays.equals(ones, others));
    }

    @Test
    void brokenLogitsShouldBeRefused() {
        Sampler sampler = new Sampler(ALL);
        assertTrue(assertThrows(ArithmeticException.class, () -> sampler.choose(new float[]{1, Float.NaN}))
                .getMessage().contains("token 1"));
        assertThrows(ArithmeticException.class, () -> sampler.choose(new float[]{1, Float.POSITIVE_INFINITY}));
    }

    @Test
    void badOptionsShouldBeRefusedByName() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ALL.withTopP(0)).getMessage().contains("topP"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ALL.withTemperature(Double.NaN)).getMessage()
                .contains("temperature"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ALL.withStopStrings("")).getMessage()
                .contains("stopStrings"));
    }
}
