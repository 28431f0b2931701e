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
    private int[] picked = {}; // indices of those to keep, ascending
    private double[] blockTotals = {};
    private final Cut cut = new Cut();
    private boolean maxKnown;
    private double max;
    private final Columns columns = new Columns();
    private boolean weighed;
    private double total;

    Candidates() {
    }

    /** Begins anew with these logits; throws what {@link Logits#likeliest} throws. */
    void load(float[] from) {
        vocabulary = from.length;
        size = vocabulary;
        if (ids.length < size) {
            ids = new int[size];
            logits = new double[size];
            weights = new double[size];
            keys = new double[size];
            picked = new int[Math.max(size, BLOCK)];
            blockTotals = new double[(size + BLOCK - 1) / BLOCK];
            moved = size;
        }
        for (int i = 0; i < moved; i++) {
            ids[i] = i;
        }
        moved = 0;
        Loops.widen(from, logits, size);
        weighed = false;
        columns.forget();
        max = columns.max(logits, size);
        if (!Double.isFinite(max)) {
            Logits.likeliest(from);
        }
        maxKnown = true;
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
        logits[index] = value + 0.0; // no −0, which would not tie with 0
        weighed = false;
        if (value > max) {
            max = value; // known or not: if not, it is found anew
        } else if (before == max && value < max) {
            maxKnown = false;
        }
        columns.change(index, before, value);
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
                picked[n++] = i;
            }
        }
        if (n == 0) {
            throw new IllegalStateException("a sampling step has dropped all " + size + " candidates");
        }
        weighed = false;
        keepPicked(n);
        maxKnown = false;
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
        columns.divide(divisor);
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
        picked[0] = i;
        weighed = false;
        keepPicked(1);
    }

    /** The k likeliest; of equally likely ones, those with the lowest ids. */
    void keepTop(int k) {
        if (k >= size) {
            return;
        }
        double least = -Double.MAX_VALUE;
        double reach = Loops.FLOOR / 2;
        if (k <= BLOCK / 2 && size > 4 * BLOCK) {
            // The k-th greatest of some of the logits is not above the k-th greatest of all.
            maxKnown = false;
            max();
            for (int j = 0; j < BLOCK; j++) {
                picked[j] = j;
            }
            cut.find(columns.maxima(), null, picked, BLOCK, max, max + reach, k, false);
            least = Math.max(cut.key(), least);
            reach = least - max;
        }
        keepHead(logits, null, pick(logits, least), max(), max + reach, k, false, false);
    }

    /**
     * The shortest head whose probabilities add up to p, from 0 to less than 1; at least one.
     *
     * @param ties whether all that are as likely as the last of the head are kept, too; else those with the lowest ids
     */
    void keepTopP(double p, boolean ties) {
        weigh();
        double target = p * total;
        double least = max - spare(p);
        keepHead(logits, weights, pick(logits, least), max, least, target, false, ties);
    }

    /** Those whose probability is at least this part of the greatest; more than 0, at most 1. */
    void keepMinP(double p) {
        keepAtLeast(max() + Math.log(p));
    }

    /** Those whose probability is at least 2^−surprise; at least the likeliest. */
    void keepSurprise(double surprise) {
        weigh();
        double offset = surprise * Math.log(2) - Math.log(total);
        if (offset >= 0) {
            keepAtLeast(max - offset);
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
        double farthest = Math.max(spare(p) + mean, -mean + slack());
        Loops.nearness(logits, max + mean, keys, size);
        keepHead(keys, weights, pick(keys, -farthest), 0, -farthest, target, beyond, false);
        maxKnown = false; // the likeliest may be among the dropped
        weighed = false;
    }

    /** So far below the greatest logit: what is left out there has together a probability of less than 1 − p. */
    private double spare(double p) {
        return slack() - Math.log((1 - p) * total / size);
    }

    /** More than what rounding makes of a difference of logits. */
    private double slack() {
        return 1e-6 + 4 * Math.ulp(max);
    }

    void dropImpossible() {
        max();
        keepAtLeast(-Double.MAX_VALUE);
    }

    private void keepAtLeast(double least) {
        keepPicked(pick(logits, least));
    }

    /** Picks those whose number is not below this. */
    private int pick(double[] numbers, double least) {
        int count = 0;
        for (int i = 0; i < size; i++) {
            picked[count] = i;
            count += oneUnlessBelow(numbers[i], least);
        }
        return count;
    }

    /** 1 if the number is not below the limit, else 0: without a branch, which would often be mispredicted. */
    private static int oneUnlessBelow(double number, double limit) {
        return 1 - (int) (Double.doubleToRawLongBits(number - limit) >>> 63);
    }

    /**
     * Of those picked, keeps the greatest keys until the weights reach the target.
     *
     * @param by the keys
     * @param counted the weights; null to count each as 1
     * @param count how many are picked
     * @param most no key is above this
     * @param least most keys are not below this
     * @param ties whether all keys that equal the last one are kept; else the first ones
     */
    private void keepHead(double[] by, double[] counted, int count, double most, double least, double target,
            boolean beyond, boolean ties) {
        cut.find(by, counted, picked, count, most, least, target, beyond);
        double last = Math.max(cut.key(), -Double.MAX_VALUE);
        int kept = 0;
        for (int j = 0; j < count; j++) {
            int i = picked[j];
            picked[kept] = i;
            kept += oneUnlessBelow(by[i], last);
        }
        if (!ties && cut.ties() > 1) {
            kept = firstTies(by, counted, kept, target, beyond);
        }
        keepPicked(kept);
    }

    /** Of those picked whose key is the last one, leaves as many as are needed. */
    private int firstTies(double[] by, double[] counted, int count, double target, boolean beyond) {
        double sum = cut.above();
        boolean open = true;
        int kept = 0;
        for (int j = 0; j < count; j++) {
            int i = picked[j];
            if (by[i] == cut.key()) {
                if (!open) {
                    continue;
                }
                sum += counted == null ? 1 : counted[i];
                open = !Cut.reached(sum, target, beyond);
            }
            picked[kept++] = i;
        }
        return kept;
    }

    private void keepPicked(int count) {
        if (count < size) {
            for (int j = 0; j < count; j++) {
                int i = picked[j];
                ids[j] = ids[i];
                logits[j] = logits[i];
                weights[j] = weights[i];
            }
            moved = Math.max(moved, count);
            columns.forget();
            size = count;
        }
        if (weighed) {
            addWeights();
        }
    }

    private double max() {
        if (!maxKnown) {
            max = columns.max(logits, size);
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
