package io.rwkv.text.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

class SamplerTest {
    private static final SamplingOptions ALL = SamplingOptions.builder().topP(1).seed(1).build();

    /** Logits whose softmax at temperature 1 is 0.5, 0.25, 0.125, 0.125, in another order. */
    private static final float[] LOGITS = logits(0.125, 0.5, 0.125, 0.25);

    private static float[] logits(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (3 + Math.log(probabilities[i]));
        }
        return logits;
    }

    private static double[] frequencies(SamplingOptions options, float[] logits) {
        Sampler sampler = options.newSampler();
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
        assertFrequencies(frequencies(ALL.toBuilder().temperature(0.5).build(), LOGITS), 1 / 22.0, 16 / 22.0, 1 / 22.0,
                4 / 22.0);
        assertFrequencies(frequencies(ALL.toBuilder().temperature(0).build(), LOGITS), 0, 1, 0, 0);
        assertFrequencies(frequencies(ALL.toBuilder().temperature(1000).build(), LOGITS), 0.25, 0.25, 0.25, 0.25);
    }

    @Test
    void topKShouldKeepTheLikeliest() {
        assertFrequencies(frequencies(ALL.toBuilder().topK(2).build(), LOGITS), 0, 2 / 3.0, 0, 1 / 3.0);
        assertFrequencies(frequencies(ALL.toBuilder().topK(1).build(), LOGITS), 0, 1, 0, 0);
        assertFrequencies(frequencies(ALL.toBuilder().topK(100).build(), LOGITS), 0.125, 0.5, 0.125, 0.25);
    }

    @Test
    void topPShouldKeepTheSmallestSufficientSet() {
        assertFrequencies(frequencies(ALL.toBuilder().topP(0.5).build(), LOGITS), 0, 1, 0, 0);
        assertFrequencies(frequencies(ALL.toBuilder().topP(0.51).build(), LOGITS), 0, 2 / 3.0, 0, 1 / 3.0);
        assertFrequencies(frequencies(ALL.toBuilder().topP(1e-9).build(), LOGITS), 0, 1, 0, 0);
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
            Sampler sampler = ALL.toBuilder().topP(p).seed(round).build().newSampler();
            for (int draw = 0; draw < 50; draw++) {
                double weight = Math.exp(logits[sampler.choose(logits)]);
                assertTrue(weight >= smallestKept * (1 - 1e-9), weight + " < " + smallestKept);
            }
        }
    }

    @Test
    void theSameSeedShouldGiveTheSameChoices() {
        Sampler one = ALL.toBuilder().seed(9).build().newSampler();
        Sampler two = ALL.toBuilder().seed(9).build().newSampler();
        Sampler other = ALL.toBuilder().seed(10).build().newSampler();
        int[] ones = IntStream.range(0, 100).map(i -> one.choose(LOGITS)).toArray();
        int[] twos = IntStream.range(0, 100).map(i -> two.choose(LOGITS)).toArray();
        int[] others = IntStream.range(0, 100).map(i -> other.choose(LOGITS)).toArray();
        assertTrue(Arrays.equals(ones, twos));
        assertTrue(!Arrays.equals(ones, others));
    }

    @Test
    void brokenLogitsShouldBeRefused() {
        float inf = Float.POSITIVE_INFINITY;
        for (SamplingOptions options : List.of(ALL, ALL.toBuilder().temperature(0).build())) {
            Sampler sampler = options.newSampler();
            assertRefused("token 1 is NaN", sampler, 1, Float.NaN);
            assertRefused("token 0 is NaN", sampler, Float.NaN, 1);
            assertRefused("token 1 is Infinity", sampler, 1, inf);
            assertRefused("all 2 logits are -Infinity", sampler, -inf, -inf);
            assertEquals(1, sampler.choose(new float[]{-inf, 1, -inf}));
        }
    }

    private static void assertRefused(String what, Sampler sampler, float... logits) {
        String message = assertThrows(ArithmeticException.class, () -> sampler.choose(logits)).getMessage();
        assertTrue(message.contains(what), message);
    }

    /** The sum of the weights, rounded, may be more than the weights taken away one by one: what then is left over is no token's. */
    @Test
    void theLastCrumbShouldGoToATokenThatCanBeChosen() {
        Random random = new Random(4);
        RandomGenerator last = new RandomGenerator() {
            @Override
            public long nextLong() {
                return -1;
            }

            @Override
            public double nextDouble() {
                return Math.nextDown(1.0);
            }
        };
        for (int round = 0; round < 2000; round++) {
            float[] logits = new float[40];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = i < 3 || i > 36 ? Float.NEGATIVE_INFINITY : (float) random.nextGaussian();
            }
            int chosen = new SamplingChain(ALL.order().steps(ALL), null, last).choose(logits);
            assertEquals(36, chosen, "the last that has a probability");
        }
    }

    @Test
    void theLikeliestShouldBeKeptHoweverSmallTopP() {
        for (double topP : new double[]{0, Double.MIN_VALUE, 1e-300, 1e-17, 1e-9}) {
            for (int n = 1; n < 200; n++) {
                float[] equal = new float[n];
                Sampler sampler = ALL.toBuilder().topP(topP).build().newSampler();
                assertTrue(sampler.choose(equal) < n);
                equal[n - 1] = 1e-3f;
                assertEquals(n - 1, sampler.choose(equal), topP + " of " + n);
            }
        }
    }

    @Test
    void badOptionsShouldBeRefusedByName() {
        SamplingOptions.Builder builder = SamplingOptions.builder();
        assertNamed("topP", () -> builder.topP(-0.1));
        assertNamed("topP", () -> builder.topP(1.1));
        assertNamed("topP", () -> builder.topP(Double.NaN));
        assertNamed("temperature", () -> builder.temperature(Double.NaN));
        assertNamed("temperature", () -> builder.temperature(-1));
        assertNamed("topK", () -> builder.topK(-1));
    }

    private static void assertNamed(String name, Executable wrong) {
        String message = assertThrows(IllegalArgumentException.class, wrong).getMessage();
        assertTrue(message.startsWith(name + ": expected"), message);
    }
}
