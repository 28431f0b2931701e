package io.rwkv.core;

/**
 * What a {@link Step} wanted. Arrays are the caller's: new ones, or the one given to {@link Step#into}. Each getter throws
 * {@link IllegalStateException} if the step wanted something else.
 */
public final class Output {
    private final Want want;
    private final float[] last; // [vocabulary] or [width], or [tokens − 1] or [tokens] log-probabilities
    private final float[][] all; // [tokens][vocabulary] or [tokens][width]

    Output(Want want, float[] last, float[][] all) {
        this.want = want;
        this.last = last;
        this.all = all;
    }

    /** What the step wanted. */
    public Want want() {
        return want;
    }

    /** The logits after the last token, [vocabulary], or longer if given to {@link Step#into}. */
    public float[] logits() {
        check(Want.LAST_LOGITS);
        return last;
    }

    /** The logits after each token, [tokens][vocabulary]. */
    public float[][] allLogits() {
        check(Want.ALL_LOGITS);
        return all;
    }

    /** The hidden vector after the last token, [width], or longer if given to {@link Step#into}. */
    public float[] hidden() {
        check(Want.LAST_HIDDEN);
        return last;
    }

    /** The hidden vector after each token, [tokens][width]. */
    public float[][] allHidden() {
        check(Want.ALL_HIDDEN);
        return all;
    }

    /**
     * The natural logarithms of the tokens' probabilities, [tokens − 1]: element i is that of token i + 1 after tokens 0 to i and
     * all that the state had read before. With {@link Step#followedBy}, [tokens]: the last element is that of the token that
     * follows. NaN if a logit is NaN. To score a whole text, let it begin with the token that texts begin with, such as the
     * end-of-text token.
     */
    public float[] logProbabilities() {
        check(Want.LOG_PROBABILITIES);
        return last;
    }

    private void check(Want wanted) {
        if (want != wanted) {
            throw new IllegalStateException("output: expected of a step that wants " + wanted + ", found " + want);
        }
    }
}
