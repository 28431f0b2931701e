package io.rwkv.text.sampling;

/** What can be said of logits before a token is chosen. */
public final class Logits {
    private Logits() {
    }

    /**
     * The likeliest token, the first of them if several are.
     *
     * @param logits [vocabulary], at least one
     * @return its id; its logit is finite, and all others are finite or −∞
     * @throws ArithmeticException if a logit is NaN or +∞, or all are −∞: the model or its state is broken; the message names
     * the token
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
