package io.rwkv.text.sampling;

import java.util.Arrays;

/**
 * Finds where a sum reaches a target, over numbers in descending order of their keys, without sorting them: it divides them by a
 * pivot, as quicksort does, and goes on with the side where the target lies. Takes time in proportion to their number. For one
 * thread.
 */
final class Cut {
    private double[] keys = {};
    private double[] weights = {};
    private int seed;
    private double key;
    private double above;

    /**
     * Finds the cut.
     *
     * @param keys not changed; none is NaN
     * @param weights 0 or more, by index as the keys, not changed; null to count each key as 1
     * @param n how many there are, at least 1
     * @param target the sum to reach
     * @param beyond whether the sum has to exceed the target
     */
    void find(double[] keys, double[] weights, int n, double target, boolean beyond) {
        if (this.keys.length < n) {
            this.keys = new double[n];
            this.weights = new double[n];
        }
        System.arraycopy(keys, 0, this.keys, 0, n);
        if (weights == null) {
            Arrays.fill(this.weights, 0, n, 1);
        } else {
            System.arraycopy(weights, 0, this.weights, 0, n);
        }
        find(n, target, beyond);
    }

    private void find(int n, double target, boolean beyond) {
        int from = 0;
        int to = n;
        above = 0;
        seed = n;
        while (true) {
            key = pivot(from, to);
            // Greater ones to the front, lesser ones to the back.
            int greater = from;
            int lesser = to;
            double sum = 0;
            double equal = 0;
            for (int i = from; i < lesser;) {
                double candidate = keys[i];
                if (candidate > key) {
                    sum += weights[i];
                    swap(i++, greater++);
                } else if (candidate < key) {
                    swap(i, --lesser);
                } else {
                    equal += weights[i++];
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
