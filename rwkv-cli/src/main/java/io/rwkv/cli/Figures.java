package io.rwkv.cli;

import java.util.Arrays;

/** What is made of measurements. */
final class Figures {
    private Figures() {
    }

    static double seconds(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** To three decimals; what is no number is no figure either, and JSON cannot say it. */
    static double rounded(double value) {
        if (!Double.isFinite(value)) {
            throw new ArithmeticException("a figure came out as " + value + "; measure with more --tokens or --rounds");
        }
        return Math.round(1000 * value) / 1000.0;
    }
}
