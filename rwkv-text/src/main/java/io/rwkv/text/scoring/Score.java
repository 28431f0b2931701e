package io.rwkv.text.scoring;

/**
 * How likely a model finds a text: the log-probability of each of its tokens, after all tokens before it. Natural logarithms: 0
 * is certain, lower is less likely, and {@code Double.NEGATIVE_INFINITY} is impossible; never NaN. Immutable.
 */
public final class Score {
    private final int[] tokens;
    private final double[] logProbabilities; // [tokens]
    private final int contextTokens;
    private final double sum;

    /** Keeps the arrays. */
    Score(int[] tokens, double[] logProbabilities, int contextTokens) {
        this.tokens = tokens;
        this.logProbabilities = logProbabilities;
        this.contextTokens = contextTokens;
        double total = 0;
        for (double value : logProbabilities) {
            total += value;
        }
        sum = total;
    }

    /**
     * The ids of the tokens that were scored, at least one: those of the text or the continuation, without
     * {@link #contextTokens()}. A new array.
     */
    public int[] tokens() {
        return tokens.clone();
    }

    /** [tokens]: element i is the log-probability of element i of {@link #tokens()}. A new array. */
    public double[] tokenLogProbabilities() {
        return logProbabilities.clone();
    }

    /**
     * The number of tokens that were read before the scored ones, at least one: the end-of-text token, the prompt, or the text's
     * first token where it is read after nothing.
     */
    public int contextTokens() {
        return contextTokens;
    }

    /** The log-probability of all scored tokens together: their sum, 0 or less. */
    public double sum() {
        return sum;
    }

    /** The mean log-probability of a token, 0 or less. Compares texts of different lengths. */
    public double mean() {
        return sum / tokens.length;
    }

    /** {@code e^−mean}: 1 or more; the number of tokens that, if all were as likely, would be as hard to choose from. */
    public double perplexity() {
        return Math.exp(-mean());
    }

    /** The number of tokens, the sum, and the perplexity. */
    @Override
    public String toString() {
        return tokens.length + " tokens, log-probability " + sum + ", perplexity " + perplexity();
    }
}
