package io.rwkv.text.sampling;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;

/**
 * The tokens that may come next, with their logits: what {@link SamplingStep steps} change. At first these are all tokens of the
 * vocabulary, in ascending order of their ids, in which they stay. The arrays are used again for each token, so nothing is
 * allocated. For one thread, and only during a step.
 *
 * <p>A token whose logit is −∞ can never be chosen. All numbers are computed in float64.
 */
public final class Candidates {
    private static final int BLOCK = Loops.BLOCK;

    private int vocabulary;
    private int size;
    private int[] ids = {};
    private int moved; // ids at this index and above are their index
    private double[] logits = {};
    private double[] weights = {}; // e^(logit − max)
    private double[] keys = {};
    private double[] blockTotals = {};
    private final float[] floatColumns = new float[BLOCK];
    private final double[] columns = new double[BLOCK];
    private final Cut cut = new Cut();
    private boolean maxKnown;
    private double max;
    private boolean weighed;
    private double total;

    Candidates() {
    }

    /** Begins anew with these logits; throws what {@link Logits#likeliest} throws. */
    void load(float[] from) {
        float likeliest = Loops.max(from, from.length, floatColumns);
        if (!Float.isFinite(likeliest)) {
            Logits.likeliest(from);
        }
        vocabulary = from.length;
        size = vocabulary;
        if (ids.length < size) {
            ids = new int[size];
            logits = new double[size];
            weights = new double[size];
            keys = new double[size];
            blockTotals = new double[(size + BLOCK - 1) / BLOCK];
            moved = size;
        }
        for (int i = 0; i < moved; i++) {
            ids[i] = i;
        }
        moved = 0;
        Loops.widen(from, logits, size);
        max = likeliest;
        maxKnown = true;
        weighed = false;
    }

    /** The model's vocabulary: ids are below it. */
    public int vocabulary() {
        return vocabulary;
    }

    /** How many candidates there are, at least 1. */
    public int size() {
        return size;
    }

    /** The id of the token at an index from 0 to {@link #size()} − 1; a higher index has a higher id. */
    public int id(int index) {
        return ids[check(index)];
    }

    /** The index of a token, or −1 if it is not among the candidates. */
    public int indexOf(int id) {
        if (moved == 0) {
            return id >= 0 && id < size ? id : -1;
        }
        return Math.max(-1, Arrays.binarySearch(ids, 0, size, id));
    }

    /** The logit at an index: finite or −∞. */
    public double logit(int index) {
        return logits[check(index)];
    }

    /**
     * Changes a logit.
     *
     * @param value finite, or −∞ so that the token is never chosen
     * @throws IllegalArgumentException if it is NaN or +∞
     */
    public void setLogit(int index, double value) {
        if (!(value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "logit of token " + id(index) + ": expected a finite number or -Infinity, found " + value);
        }
        double before = logits[check(index)];
        logits[index] = value;
        weighed = false;
        if (value > max) {
            max = value; // known or not: if not, it is found anew
        } else if (before == max && value < max) {
            maxKnown = false;
        }
    }

    /** The probability at an index: the softmax of the logits of all candidates. Below e^−64 of the greatest one, it is 0. */
    public double probability(int index) {
        weigh();
        return weights[check(index)] / total;
    }

    /**
     * Drops candidates. Those that stay get new indices.
     *
     * @param kept asked for each index, as it is before the call, in ascending order; must not change the candidates
     * @throws IllegalStateException if none is kept
     */
    public void keepIf(IntPredicate kept) {
        int n = 0;
        for (int i = 0; i < size; i++) {
            if (kept.test(i)) {
                keys[n++] = i;
            }
        }
        if (n == 0) {
            throw new IllegalStateException("a sampling step has dropped all " + size + " candidates");
        }
        for (int i = 0; i < n; i++) {
            move((int) keys[i], i);
        }
        shrink(n);
        maxKnown = false;
        weighed = false;
    }

    private int check(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("index: expected 0 to " + (size - 1) + ", found " + index);
        }
        return index;
    }

    void divideLogits(double divisor) {
        double divided = max() / divisor;
        Loops.divide(logits, size, divisor);
        max = divided;
        weighed = false;
    }

    /** Only the likeliest; of equally likely ones, the one with the lowest id. */
    void keepLikeliest() {
        double likeliest = max();
        int i = 0;
        while (logits[i] != likeliest) {
            i++;
        }
        move(i, 0);
        weighed = false;
        shrink(1);
    }

    /** The k likeliest; of equally likely ones, those with the lowest ids. */
    void keepTop(int k) {
        if (k >= size) {
            return;
        }
        if (k <= BLOCK / 2 && size > 4 * BLOCK) {
            // The k-th greatest of some of the logits is not above the k-th greatest of all.
            maxKnown = false;
            double likeliest = max();
            cut.find(columns, null, BLOCK, k, false);
            keepWithin(likeliest - cut.key());
        }
        if (k < size) {
            keepHead(logits, null, k, false, false);
        }
    }

    /**
     * The shortest head whose probabilities add up to p, from 0 to less than 1; at least one.
     *
     * @param ties whether all that are as likely as the last of the head are kept, too; else those with the lowest ids
     */
    void keepTopP(double p, boolean ties) {
        weigh();
        double target = p * total;
        keepWithin(spare(p));
        keepHead(logits, weights, target, false, ties);
    }

    /** Those whose probability is at least this part of the greatest; more than 0, at most 1. */
    void keepMinP(double p) {
        max();
        keepWithin(-Math.log(p));
    }

    /** Those whose probability is at least 2^−surprise; at least the likeliest. */
    void keepSurprise(double surprise) {
        weigh();
        double offset = surprise * Math.log(2) - Math.log(total);
        if (offset >= 0) {
            keepWithin(offset);
        } else {
            keepLikeliest();
        }
    }

    /**
     * Those whose surprise is nearest to the expected one, the entropy, until their probabilities add up to p, more than 0 and less
     * than 1; at least one. Of equally near ones, those with the lowest ids.
     *
     * @param beyond whether the sum has to exceed p
     */
    void keepTypical(double p, boolean beyond) {
        weigh();
        // −ln p − H is the distance of the logit from the mean of all logits by probability.
        Loops.weightedOffsets(logits, max, weights, keys, size);
        double mean = Loops.sum(keys, 0, size) / total;
        double target = p * total;
        // No farther from the mean than some set that has the probability: those that a top-p keeps.
        keepWithin(Math.max(spare(p) + mean, -mean) - mean);
        Loops.nearness(logits, max + mean, keys, size);
        keepHead(keys, weights, target, beyond, false);
        maxKnown = false; // the likeliest may be among the dropped
        weighed = false;
    }

    /** So far below the greatest logit, those that are left out have together less than 1 − p. A little more, for rounding. */
    private double spare(double p) {
        return 1e-6 - Math.log((1 - p) * total / size);
    }

    void dropImpossible() {
        max();
        keepWithin(Double.MAX_VALUE);
    }

    /** Those not farther than this below the greatest logit, which must be known; 0 or more. */
    private void keepWithin(double offset) {
        int kept = 0;
        if (weighed) {
            for (int i = 0; i < size; i++) {
                double logit = logits[i];
                ids[kept] = ids[i];
                weights[kept] = weights[i];
                logits[kept] = logit;
                kept += max - logit <= offset ? 1 : 0; // no branch, which would be mispredicted
            }
        } else {
            for (int i = 0; i < size; i++) {
                double logit = logits[i];
                ids[kept] = ids[i];
                logits[kept] = logit;
                kept += max - logit <= offset ? 1 : 0;
            }
        }
        shrink(kept);
    }

    /** Keeps the greatest keys, until the weights (null: their number) reach the target. Later keys equal the last one by {@code ties}. */
    private void keepHead(double[] by, double[] weightsOrNull, double target, boolean beyond, boolean ties) {
        cut.find(by, weightsOrNull, size, target, beyond);
        double last = cut.key();
        double sum = cut.above();
        boolean open = true;
        int kept = 0;
        for (int i = 0; i < size; i++) {
            double key = by[i];
            if (key < last) {
                continue;
            }
            if (key == last) {
                if (!open) {
                    continue;
                }
                sum += weightsOrNull == null ? 1 : weightsOrNull[i];
                open = ties || !Cut.reached(sum, target, beyond);
            }
            move(i, kept++);
        }
        shrink(kept);
    }

    private void move(int from, int to) {
        ids[to] = ids[from];
        logits[to] = logits[from];
        weights[to] = weights[from];
    }

    private void shrink(int kept) {
        if (kept < size) {
            moved = Math.max(moved, kept + 1); // keepWithin also writes to the place after the last one kept
        }
        size = kept;
        if (weighed) {
            addWeights();
        }
    }

    private double max() {
        if (!maxKnown) {
            max = Loops.max(logits, size, columns);
            if (max == Double.NEGATIVE_INFINITY) {
                throw new ArithmeticException("all " + size + " candidates are banned or have a logit of -Infinity");
            }
            maxKnown = true;
        }
        return max;
    }

    private void weigh() {
        if (!weighed) {
            max();
            for (int from = 0; from < size; from += BLOCK) {
                Loops.weights(logits, max, weights, from, Math.min(size, from + BLOCK));
            }
            weighed = true;
            addWeights();
        }
    }

    private void addWeights() {
        int blocks = 0;
        total = 0;
        for (int from = 0; from < size; from += BLOCK) {
            blockTotals[blocks] = Loops.sum(weights, from, Math.min(size, from + BLOCK));
            total += blockTotals[blocks++];
        }
    }

    /** The index of a candidate chosen by its probability. */
    int draw(RandomGenerator random) {
        weigh();
        int last = (size - 1) / BLOCK;
        while (blockTotals[last] == 0) {
            last--;
        }
        double point = random.nextDouble() * total;
        int block = 0;
        while (block < last && point >= blockTotals[block]) {
            point -= blockTotals[block++];
        }
        int end = Math.min(size, (block + 1) * BLOCK);
        int chosen = -1;
        for (int i = block * BLOCK; i < end; i++) {
            if (weights[i] > 0) {
                chosen = i;
                point -= weights[i];
                if (point < 0) {
                    break;
                }
            }
        }
        return chosen; // if the sum was rounded up and the point lies in the crumb beyond, the last that can be chosen is next to it
    }
}
