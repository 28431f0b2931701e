package io.rwkv.text.sampling;

import java.util.Arrays;

/**
 * Finds where a sum reaches a target, over numbers in descending order of their keys, without sorting them: where there are many,
 * it counts them in bins; what is in the right bin it divides by a pivot, as quicksort does, and goes on with the side where the
 * target lies. Takes time in proportion to their number. For one thread.
 */
final class Cut {
    private static final int LARGE = 256;
    private static final int BINS = 512;

    private final double[] bins = new double[BINS + 1]; // the last one for what lies at the least key or below
    private double[] keys = {};
    private double[] weights = {};
    private int seed;
    private int ties;
    private double key;
    private double above;

    /**
     * Finds the cut.
     *
     * @param from keys, not changed; none is NaN
     * @param weighing weights, 0 or more, by index as the keys, not changed; null to count each key as 1
     * @param indices which of them there are
     * @param n how many indices, at least 1
     * @param most no key is above this
     * @param least few keys are below this; only the speed depends on it
     * @param target the sum to reach
     * @param beyond whether the sum has to exceed the target
     */
    void find(double[] from, double[] weighing, int[] indices, int n, double most, double least, double target,
            boolean beyond) {
        if (keys.length < n) {
            keys = new double[n];
            weights = new double[n];
        }
        double scale = BINS / (most - least);
        int left = 0;
        above = 0;
        if (n >= LARGE && scale > 0 && scale < Double.POSITIVE_INFINITY) {
            left = take(from, weighing, indices, n, most, scale, target, beyond);
        }
        if (left == 0) {
            above = 0;
            for (int j = 0; j < n; j++) {
                keys[j] = from[indices[j]];
                weights[j] = weighing == null ? 1 : weighing[indices[j]];
            }
            left = n;
        }
        find(left, target, beyond);
    }

    /**
     * Adds the weights up in bins of equal width, finds the bin that the target lies in, and takes what is in there. Reads all twice
     * but moves little, which is several times as fast as dividing all by pivots.
     *
     * @return how many were taken; 0 if all bins together do not reach the target, as sums are rounded
     */
    private int take(double[] from, double[] weighing, int[] indices, int n, double most, double scale, double target,
            boolean beyond) {
        Arrays.fill(bins, 0);
        for (int j = 0; j < n; j++) {
            int i = indices[j];
            bins[bin(from[i], most, scale)] += weighing == null ? 1 : weighing[i];
        }
        int bin = 0;
        while (!reached(above + bins[bin], target, beyond)) {
            above += bins[bin++];
            if (bin == bins.length) {
                return 0;
            }
        }
        int taken = 0;
        for (int j = 0; j < n; j++) {
            int i = indices[j];
            if (bin(from[i], most, scale) == bin) {
                keys[taken] = from[i];
                weights[taken++] = weighing == null ? 1 : weighing[i];
            }
        }
        return taken;
    }

    /** A greater key has no greater bin. */
    private static int bin(double key, double most, double scale) {
        return Math.min(BINS, (int) ((most - key) * scale));
    }

    private void find(int n, double target, boolean beyond) {
        int from = 0;
        int to = n;
        seed = n;
        while (true) {
            key = pivot(from, to);
            // Greater ones to the front, lesser ones to the back.
            int greater = from;
            int lesser = to;
            double sum = 0;
            double equal = 0;
            ties = 0;
            for (int i = from; i < lesser;) {
                double candidate = keys[i];
                if (candidate > key) {
                    sum += weights[i];
                    swap(i++, greater++);
                } else if (candidate < key) {
                    swap(i, --lesser);
                } else {
                    equal += weights[i++];
                    ties++;
                }
            }
            if (greater > from && reached(above + sum, target, beyond)) {
                to = greater;
            } else if (lesser == to || reached(above + sum + equal, target, beyond)) {
                above += sum;
                return;
            } else {
                above += sum + equal;
                from = lesser;
            }
        }
    }

    /** The key of the last one that is needed. */
    double key() {
        return key;
    }

    /** The sum of the weights of those with greater keys. */
    double above() {
        return above;
    }

    /** How many have that key. */
    int ties() {
        return ties;
    }

    static boolean reached(double sum, double target, boolean beyond) {
        return beyond ? sum > target : sum >= target;
    }

    /** The median of three taken anywhere, so that no order of the input is slow. Repeats for the same input. */
    private double pivot(int from, int to) {
        double a = keys[anywhere(from, to)];
        double b = keys[anywhere(from, to)];
        double c = keys[anywhere(from, to)];
        return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    }

    private int anywhere(int from, int to) {
        seed = seed * 1664525 + 1013904223;
        return from + (int) ((seed >>> 1) % (long) (to - from));
    }

    private void swap(int i, int j) {
        double k = keys[i];
        keys[i] = keys[j];
        keys[j] = k;
        double w = weights[i];
        weights[i] = weights[j];
        weights[j] = w;
    }
}
