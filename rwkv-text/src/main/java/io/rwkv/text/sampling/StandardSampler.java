package io.rwkv.text.sampling;

import java.util.random.RandomGenerator;

/** Temperature, then top-k, then top-p, then chance. For one thread. */
final class StandardSampler implements Sampler {
    private final double temperature;
    private final int topK;
    private final double topP;
    private final RandomGenerator random;
    private int[] candidates = new int[0]; // token ids, the likeliest first once sorted
    private double[] weights = new double[0]; // of the candidates, not normalised

    StandardSampler(SamplingOptions options, RandomGenerator random) {
        temperature = options.temperature();
        topK = options.topK();
        topP = options.topP();
        this.random = random;
    }

    @Override
    public int choose(float[] logits) {
        int best = Logits.likeliest(logits);
        if (temperature == 0 || topK == 1) {
            return best;
        }
        int n = topK > 0 && topK < logits.length ? keepTopK(logits) : keepAll(logits);
        double total = 0;
        for (int i = 0; i < n; i++) {
            weights[i] = Math.exp(((double) logits[candidates[i]] - logits[best]) / temperature);
            total += weights[i];
        }
        if (topP < 1) {
            n = keepTopP(n, total);
            total = 0;
            for (int i = 0; i < n; i++) {
                total += weights[i];
            }
        }
        double point = random.nextDouble() * total;
        int last = best;
        for (int i = 0; i < n; i++) {
            if (weights[i] > 0) {
                last = candidates[i];
                point -= weights[i];
                if (point < 0) {
                    return last;
                }
            }
        }
        return last; // the sum was rounded up, and the point lies in the crumb beyond: the last that can be chosen is next to it
    }

    private void room(int n) {
        if (candidates.length < n) {
            candidates = new int[n];
            weights = new double[n];
        }
    }

    private int keepAll(float[] logits) {
        room(logits.length);
        for (int i = 0; i < logits.length; i++) {
            candidates[i] = i;
        }
        return logits.length;
    }

    /** A heap of the k likeliest with the least likely of them on top. */
    private int keepTopK(float[] logits) {
        room(topK);
        for (int i = 0; i < topK; i++) {
            candidates[i] = i;
            weights[i] = logits[i];
        }
        for (int i = topK / 2 - 1; i >= 0; i--) {
            siftDown(i, topK);
        }
        for (int i = topK; i < logits.length; i++) {
            if (logits[i] > weights[0]) {
                candidates[0] = i;
                weights[0] = logits[i];
                siftDown(0, topK);
            }
        }
        return topK;
    }

    /** Drops what cannot be in the nucleus, sorts the rest, and cuts where the sum is reached. */
    private int keepTopP(int n, double total) {
        // Tokens below the threshold together have less than 1 − p.
        double threshold = (1 - topP) * total / n;
        int kept = 0;
        for (int i = 0; i < n; i++) {
            if (weights[i] >= threshold) {
                candidates[kept] = candidates[i];
                weights[kept++] = weights[i];
            }
        }
        sortDescending(kept);
        double sum = 0;
        for (int i = 0; i < kept; i++) {
            sum += weights[i];
            if (sum >= topP * total) {
                return i + 1;
            }
        }
        return kept;
    }

    private void sortDescending(int n) {
        for (int i = n / 2 - 1; i >= 0; i--) {
            siftDown(i, n);
        }
        for (int end = n - 1; end > 0; end--) {
            swap(0, end);
            siftDown(0, end);
        }
    }

    /** Restores the min-heap over the first n candidates below i; equal weights order by id, so that results repeat. */
    private void siftDown(int i, int n) {
        while (true) {
            int least = i;
            for (int child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++) {
                if (before(child, least)) {
                    least = child;
                }
            }
            if (least == i) {
                return;
            }
            swap(i, least);
            i = least;
        }
    }

    private boolean before(int i, int j) {
        return weights[i] < weights[j] || weights[i] == weights[j] && candidates[i] > candidates[j];
    }

    private void swap(int i, int j) {
        int candidate = candidates[i];
        candidates[i] = candidates[j];
        candidates[j] = candidate;
        double weight = weights[i];
        weights[i] = weights[j];
        weights[j] = weight;
    }
}
