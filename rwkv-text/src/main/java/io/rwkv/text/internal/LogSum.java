package io.rwkv.text.internal;

/** The normaliser of a softmax. */
public final class LogSum {
    private LogSum() {
    }

    /** {@code ln Σ e^logit}, in float64; NaN if a logit is NaN, or if all are −∞. */
    public static double of(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - largest);
        }
        return largest + Math.log(sum);
    }
}
