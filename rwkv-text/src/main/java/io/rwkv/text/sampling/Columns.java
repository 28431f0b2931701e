package io.rwkv.text.sampling;

/**
 * The greatest of many logits, found by columns: column j is the logits at j, j + BLOCK, j + 2 · BLOCK, … So where only some logits
 * were changed, only their columns are looked at again. For one thread.
 */
final class Columns {
    private static final int BLOCK = Loops.BLOCK;

    private final double[] maxima = new double[BLOCK]; // NaN where a logit was changed so that it has to be found again
    private boolean known;
    private int changed; // how many may be NaN

    /** The greatest of the first n logits; NaN if one of them is. */
    double max(double[] logits, int n) {
        double max = Double.NEGATIVE_INFINITY;
        if (known && changed < BLOCK / 4) {
            for (int j = 0; j < BLOCK; j++) {
                if (Double.isNaN(maxima[j])) {
                    maxima[j] = Double.NEGATIVE_INFINITY;
                    for (int i = j; i < n; i += BLOCK) {
                        maxima[j] = Math.max(maxima[j], logits[i]);
                    }
                }
                max = Math.max(max, maxima[j]);
            }
        } else {
            max = Loops.max(logits, n, maxima);
            known = true;
        }
        changed = 0;
        return max;
    }

    /** The greatest logit of each column, after {@link #max}. */
    double[] maxima() {
        return maxima;
    }

    /** Notes that a logit was changed. */
    void change(int index, double before, double now) {
        int column = index % BLOCK;
        if (now > maxima[column]) {
            maxima[column] = now;
        } else if (before == maxima[column] && now < before) {
            maxima[column] = Double.NaN;
            changed++;
        }
    }

    /** Notes that all logits were divided. */
    void divide(double divisor) {
        Loops.divide(maxima, BLOCK, divisor);
    }

    /** Notes that the logits are others, or elsewhere. */
    void forget() {
        known = false;
    }
}
