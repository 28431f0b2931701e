package io.rwkv.text.sampling;

import java.util.Arrays;

/**
 * The loops over a whole vocabulary. Each does one thing to plain arrays in a form that HotSpot, of Java 17 too, turns into
 * vector instructions, and adds in an order that does not depend on whether it has done so yet.
 */
final class Loops {
    /** Elements to a block: sums are kept by block, and maxima by place within a block. */
    static final int BLOCK = 1024;

    /** A token this far below the likeliest, in nats, has no weight. */
    static final double FLOOR = -64;

    private static final int HALVINGS = 10;
    private static final double SCALE = 1.0 / (1 << HALVINGS);
    /** What {@link #exp} makes of the floor, so that it becomes 0 exactly. */
    private static final double CRUMB = exp(FLOOR);

    private Loops() {
    }

    /**
     * Puts into place j of {@code maxima} the largest of the numbers j, j + BLOCK, j + 2·BLOCK, … of the first n, and returns
     * the largest of all; NaN if one of them is.
     */
    static double max(double[] numbers, int n, double[] maxima) {
        Arrays.fill(maxima, Double.NEGATIVE_INFINITY);
        for (int from = 0; from < n; from += BLOCK) {
            columns(numbers, from, Math.min(BLOCK, n - from), maxima);
        }
        double max = Double.NEGATIVE_INFINITY;
        for (double column : maxima) {
            max = Math.max(max, column);
        }
        return max;
    }

    private static void columns(double[] numbers, int from, int count, double[] maxima) {
        for (int j = 0; j < count; j++) {
            maxima[j] = Math.max(maxima[j], numbers[from + j]);
        }
    }

    /** Makes float64 of float32; of −0 it makes 0, which ties with it. */
    static void widen(float[] from, double[] to, int n) {
        for (int i = 0; i < n; i++) {
            to[i] = from[i] + 0.0;
        }
    }

    static void divide(double[] numbers, int n, double divisor) {
        for (int i = 0; i < n; i++) {
            numbers[i] /= divisor;
        }
    }

    /**
     * Weights e^(logit − max), from {@code from} to {@code to}. A weight differs from the exact one by less than 1e-11 of it, plus
     * 2e-28; below {@link #FLOOR} it is 0.
     */
    static void weights(double[] logits, double max, double[] weights, int from, int to) {
        for (int i = from; i < to; i++) {
            weights[i] = exp(Math.max(logits[i] - max, FLOOR)) - CRUMB;
        }
    }

    /**
     * e^x for x from {@link #FLOOR} to 0, as (e^(x/1024))^1024: a Taylor series of seven terms, whose rest is below 6e-15, then ten
     * squarings, each of which doubles the relative error. No step looks at the bits of a number, as a table or a shift of the
     * exponent would: Java 17 makes no vector instructions of those.
     */
    static double exp(double x) {
        double y = x * SCALE;
        double e = 1 + y * (1 + y * (1 / 2.0 + y * (1 / 6.0 + y * (1 / 24.0 + y * (1 / 120.0 + y * (1 / 720.0
                + y * (1 / 5040.0)))))));
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        e *= e;
        return e * e;
    }

    /** weight · (logit − max) of the first n; a token without weight counts as at the floor, as 0 · ∞ is not a number. */
    static void weightedOffsets(double[] logits, double max, double[] weights, double[] products, int n) {
        for (int i = 0; i < n; i++) {
            products[i] = weights[i] * Math.max(logits[i] - max, FLOOR);
        }
    }

    /** −|number − centre| of the first n. */
    static void nearness(double[] numbers, double centre, double[] nearness, int n) {
        for (int i = 0; i < n; i++) {
            nearness[i] = -Math.abs(numbers[i] - centre);
        }
    }

    /** The sum, from {@code from} to {@code to}, of eight sums, so that no addition waits for the one before it. */
    static double sum(double[] numbers, int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        double e = 0;
        double f = 0;
        double g = 0;
        double h = 0;
        int i = from;
        for (; i + 8 <= to; i += 8) {
            a += numbers[i];
            b += numbers[i + 1];
            c += numbers[i + 2];
            d += numbers[i + 3];
            e += numbers[i + 4];
            f += numbers[i + 5];
            g += numbers[i + 6];
            h += numbers[i + 7];
        }
        for (; i < to; i++) {
            a += numbers[i];
        }
        return ((a + b) + (c + d)) + ((e + f) + (g + h));
    }
}
