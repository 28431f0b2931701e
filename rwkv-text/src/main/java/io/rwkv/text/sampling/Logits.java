package io.rwkv.text.sampling;

/** Checks and looks at logits. All methods are safe for any number of threads. */
public final class Logits {
    private Logits() {
    }

    /**
     * Finds the likeliest token; of equally likely ones, the one with the lowest id. Checks all logits.
     *
     * @param logits [vocabulary], at least one
     * @return the token's id. Its logit is finite; all others are finite or −∞
     * @throws ArithmeticException if a logit is NaN or +∞ (the message names the token), or if all are −∞: the model or its state
     * is broken
     */
    public static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            if (Float.isNaN(logits[i])) {
                throw new ArithmeticException("logit of token " + i + " is NaN");
            }
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        if (Float.isInfinite(logits[best])) {
            throw new ArithmeticException(logits[best] > 0
                    ? "logit of token " + best + " is Infinity"
                    : "all " + logits.length + " logits are -Infinity");
        }
        return best;
    }
}
