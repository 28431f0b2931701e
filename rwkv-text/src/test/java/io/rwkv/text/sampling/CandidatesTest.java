package io.rwkv.text.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;

class CandidatesTest {
    /** Gaussian or on a grid (ties), peaked or flat, some −∞, and a length on both sides of the blocks and short cuts. */
    private static float[] logits(Random random) {
        int[] lengths = {1, 2, 7, 300, 1023, 1024, 1025, 4097, 5000, 20_000};
        float[] logits = new float[lengths[random.nextInt(lengths.length)]];
        double spread = Math.exp(random.nextDouble() * 8 - 3);
        double grid = random.nextInt(3) == 0 ? spread / 4 : 0;
        double impossible = random.nextInt(3) == 0 ? random.nextDouble() : 0;
        for (int i = 0; i < logits.length; i++) {
            double logit = random.nextGaussian() * spread;
            logits[i] = random.nextDouble() < impossible
                    ? Float.NEGATIVE_INFINITY
                    : (float) (grid > 0 ? Math.rint(logit / grid) * grid : logit);
        }
        logits[random.nextInt(logits.length)] = 1;
        return logits;
    }

    private static SamplingOptions options(Random random) {
        SamplingOrder order = SamplingOrder.values()[random.nextInt(3)];
        SamplingOptions.Builder options = SamplingOptions.builder().order(order).topP(1);
        if (random.nextInt(5) > 0) {
            options.temperature(random.nextInt(10) == 0 ? 0 : 0.1 + random.nextDouble() * 2);
        }
        if (random.nextBoolean()) {
            options.topK(1 + random.nextInt(random.nextBoolean() ? 10 : 3000));
        }
        if (random.nextBoolean()) {
            options.topP(random.nextDouble());
        }
        if (random.nextBoolean() && order != SamplingOrder.RWKV) {
            options.minP(random.nextDouble() * random.nextDouble());
        }
        if (random.nextBoolean() && order != SamplingOrder.RWKV) {
            options.typicalP(1 - random.nextDouble());
        }
        return options.build();
    }

    @Test
    void everyOrderShouldKeepWhatSortingEverythingKeeps() {
        Random random = new Random(11);
        for (int round = 0; round < 1000; round++) {
            float[] logits = logits(random);
            SamplingOptions options = options(random);
            TreeMap<Integer, Double> expected = PlainSampling.distribution(logits, options);
            SamplingChain sampler = options.newSampler();
            sampler.candidates(logits(random)); // leaves its traces in the arrays
            String which = "round " + round + ": " + logits.length + " logits, " + options.order() + ", temperature "
                    + options.temperature() + ", top-k " + options.topK() + ", top-p " + options.topP() + ", min-p "
                    + options.minP() + ", typical-p " + options.typicalP();
            assertSame(expected, sampler.candidates(logits), which);
            int chosen = sampler.choose(logits);
            assertTrue(expected.containsKey(chosen) && expected.get(chosen) > 0, which);
        }
    }

    private static void assertSame(TreeMap<Integer, Double> expected, Candidates found, String which) {
        assertEquals(expected.size(), found.size(), which);
        Iterator<Map.Entry<Integer, Double>> each = expected.entrySet().iterator();
        for (int i = 0; i < found.size(); i++) {
            Map.Entry<Integer, Double> token = each.next();
            assertEquals(token.getKey(), found.id(i), which);
            assertEquals(i, found.indexOf(found.id(i)), which);
            assertEquals(token.getValue(), found.probability(i), token.getValue() * 1e-10 + 1e-24, which);
        }
    }

    @Test
    void drawsShouldFollowTheProbabilities() {
        float[] logits = new float[5000];
        Random random = new Random(12);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian() * 3;
        }
        SamplingChain sampler = SamplingOptions.builder().topP(1).seed(3).build().newSampler();
        double[] expected = new double[10];
        Candidates candidates = sampler.candidates(logits);
        for (int i = 0; i < logits.length; i++) {
            expected[i / 500] += candidates.probability(i);
        }
        double[] found = new double[10];
        int n = 20_000;
        for (int i = 0; i < n; i++) {
            found[sampler.choose(logits) / 500] += 1.0 / n;
        }
        for (int i = 0; i < 10; i++) {
            assertEquals(expected[i], found[i], 5 * Math.sqrt(expected[i] / n), "tenth " + i);
        }
    }

    @Test
    void theExponentialShouldBeAsNearAsItSays() {
        int n = 100_000;
        double[] logits = new double[n];
        double[] weights = new double[n];
        for (int i = 0; i < n; i++) {
            logits[i] = 7 - i * 80.0 / n;
        }
        Loops.weights(logits, 7, weights, 0, n);
        for (int i = 0; i < n; i++) {
            double exact = Math.exp(logits[i] - 7);
            assertEquals(exact, weights[i], exact * 1e-11 + 2e-28, "e^" + (logits[i] - 7));
        }
        assertEquals(0, weights[n - 1], 0);
    }

    @Test
    void cutsShouldBeWhereSortingPutsThem() {
        Random random = new Random(13);
        Cut cut = new Cut();
        for (int round = 0; round < 2000; round++) {
            int n = 1 + random.nextInt(round % 5 == 0 ? 3000 : 30);
            double[] keys = random.doubles(n).map(key -> Math.rint(key * n) / 2).toArray();
            double[] weights = new double[n];
            List<double[]> sorted = new ArrayList<>();
            double total = 0;
            for (int i = 0; i < n; i++) {
                weights[i] = random.nextInt(4); // sums without rounding
                sorted.add(new double[]{keys[i], weights[i]});
                total += weights[i];
            }
            sorted.sort((a, b) -> Double.compare(b[0], a[0]));
            double target = Math.rint(random.nextDouble() * (total + 1));
            boolean beyond = random.nextBoolean();
            double sum = 0;
            int last = 0;
            for (int i = 0; i < n; i++) {
                sum += sorted.get(i)[1];
                last = i;
                if (Cut.reached(sum, target, beyond)) {
                    break;
                }
            }
            double key = sorted.get(last)[0];
            cut.find(keys, weights, IntStream.range(0, n).toArray(), n, n / 2.0, random.nextInt(3) * n / 8.0, target,
                    beyond);
            String which = "round " + round;
            assertEquals(key, cut.key(), which);
            assertEquals(sorted.stream().filter(each -> each[0] > key).mapToDouble(each -> each[1]).sum(), cut.above(),
                    which);
        }
    }

    @Test
    void nothingShouldBeAllocatedPerToken() {
        Random random = new Random(14);
        float[][] logits = new float[8][20_000];
        for (float[] each : logits) {
            for (int i = 0; i < each.length; i++) {
                each[i] = (float) random.nextGaussian() * 3;
            }
        }
        SamplingOptions.Builder penalised = SamplingOptions.builder().presencePenalty(0.5).frequencyPenalty(0.2)
                .repetitionPenalty(1.1).logitBias(Map.of(5, 1.0)).bannedTokens(List.of(7)).seed(1);
        List<SamplingOptions> all = List.of(penalised.topK(40).topP(0.9).minP(0.01).typicalP(0.9).build(),
                penalised.order(SamplingOrder.LLAMA_CPP).build(),
                penalised.order(SamplingOrder.RWKV).minP(0).typicalP(1).build(),
                penalised.topK(0).topP(1).mirostat(5, 0.1).build(), SamplingOptions.builder().temperature(0).build());
        for (SamplingOptions options : all) {
            SamplingChain sampler = options.newSampler();
            for (int i = 0; i < 4000; i++) {
                sampler.choose(logits[i % logits.length]); // compiled, and the tables have grown
            }
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long thread = Thread.currentThread().getId();
            long before = threads.getThreadAllocatedBytes(thread);
            int rounds = 200;
            for (int i = 0; i < rounds; i++) {
                sampler.choose(logits[i % logits.length]);
            }
            long allocated = threads.getThreadAllocatedBytes(thread) - before;
            // A table may grow once more; a single array or box for each token would be more.
            assertTrue(allocated < rounds * 16L, options.order() + ": " + allocated + " bytes");
        }
    }

    @Test
    void aLogitCanBeChangedAndLookedUp() {
        Candidates candidates = new Candidates();
        candidates.load(new float[]{1, 5, 2, 3});
        candidates.setLogit(1, 0);
        candidates.keepTop(2);
        assertEquals(2, candidates.size());
        assertEquals(List.of(2, 3), List.of(candidates.id(0), candidates.id(1)));
        assertEquals(-1, candidates.indexOf(1));
        assertEquals(1, candidates.indexOf(3));
        assertEquals(1 / (1 + Math.exp(-1)), candidates.probability(1), 1e-12);
        candidates.setLogit(0, 4);
        assertEquals(1 / (1 + Math.exp(-1)), candidates.probability(0), 1e-12);
        candidates.keepIf(i -> i == 1);
        assertEquals(3, candidates.id(0));
        assertEquals(1, candidates.probability(0));
        assertThrows(IllegalStateException.class, () -> candidates.keepIf(i -> false));
        assertThrows(IllegalArgumentException.class, () -> candidates.setLogit(0, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> candidates.setLogit(0, Double.POSITIVE_INFINITY));
        assertThrows(IndexOutOfBoundsException.class, () -> candidates.id(1));
        assertThrows(IndexOutOfBoundsException.class, () -> candidates.logit(-1));
        candidates.load(new float[]{1, 2});
        assertEquals(1, candidates.id(1));
    }
}
