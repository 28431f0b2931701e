package io.rwkv.text.scoring;

import io.rwkv.text.internal.TextList;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How likely each of some labels is as the continuation of a prompt, and which is the likeliest. Immutable.
 *
 * <p>A label's log-likelihood is the log-probability of all its tokens together, {@link Score#sum()}, whatever follows them. So a
 * longer label is mostly less likely, and one that begins with another is never likelier than that: {@link #perToken()} compares
 * labels of different lengths; a line break at the end of every label tells {@code "A"} from {@code "AB"}.
 */
public final class Classification {
    private final String name;
    private final List<String> labels;
    private final List<Score> scores; // [labels]
    private final boolean perToken;
    private final double[] logLikelihoods; // [labels]
    private final double[] probabilities; // [labels]
    private final int best;

    /**
     * @param name what messages begin with
     * @param labels as {@link #checkLabels} wants them; not copied
     * @param scores one for each; not copied
     */
    Classification(String name, List<String> labels, List<Score> scores, boolean perToken) {
        this.name = name;
        this.labels = labels;
        this.scores = Collections.unmodifiableList(scores);
        this.perToken = perToken;
        logLikelihoods = scores.stream().mapToDouble(score -> perToken ? score.mean() : score.sum()).toArray();
        int likeliest = 0;
        for (int i = 1; i < logLikelihoods.length; i++) {
            likeliest = logLikelihoods[i] > logLikelihoods[likeliest] ? i : likeliest;
        }
        best = likeliest;
        double largest = logLikelihoods[best];
        if (largest == Double.NEGATIVE_INFINITY) {
            throw new ArithmeticException(name + "expected a label that is possible, found all " + labels.size()
                    + " of probability 0");
        }
        probabilities = Arrays.stream(logLikelihoods).map(value -> Math.exp(value - largest)).toArray();
        double sum = Arrays.stream(probabilities).sum();
        for (int i = 0; i < probabilities.length; i++) {
            probabilities[i] /= sum;
        }
    }

    /** Refuses labels among which there is nothing to choose. */
    static void checkLabels(List<String> labels) {
        if (labels.isEmpty()) {
            throw new IllegalArgumentException("labels: expected at least one, found none");
        }
        Map<String, Integer> seen = new HashMap<>();
        for (int i = 0; i < labels.size(); i++) {
            Integer before = seen.putIfAbsent(labels.get(i), i);
            if (before != null) {
                throw new IllegalArgumentException(TextList.name("labels", i) + ": expected a label of its own, found "
                        + "that of " + TextList.name("labels", before));
            }
        }
    }

    /** The labels, in the order in which they were given. Unmodifiable. */
    public List<String> labels() {
        return labels;
    }

    /** The likeliest label; of equally likely ones, the first. */
    public String best() {
        return labels.get(best);
    }

    /** Each label's probability among the labels, 0 to 1, in their order; together 1. Unmodifiable. */
    public Map<String, Double> probabilities() {
        return byLabel(probabilities);
    }

    /**
     * The probability of one label among the labels, 0 to 1.
     *
     * @throws IllegalArgumentException if there is no such label
     */
    public double probability(String label) {
        int i = labels.indexOf(label);
        if (i < 0) {
            throw new IllegalArgumentException("label: expected one of " + labels + ", found " + label);
        }
        return probabilities[i];
    }

    /**
     * What the probabilities are made from, by label, in their order: the log-probability of all tokens of the label, or of one of
     * its tokens in the mean. Natural logarithms, 0 or less; not relative to the other labels. Unmodifiable.
     */
    public Map<String, Double> logLikelihoods() {
        return byLabel(logLikelihoods);
    }

    /** Each label's score, token by token, in the order of {@link #labels()}. Unmodifiable. */
    public List<Score> scores() {
        return scores;
    }

    /** Whether labels are compared by the mean log-probability of their tokens, see {@link #perToken()}. */
    public boolean isPerToken() {
        return perToken;
    }

    /**
     * The same labels, compared by the mean log-probability of their tokens, {@link Score#mean()}, so that long labels stand as
     * good a chance as short ones. The probabilities are made from these means in the same way.
     */
    public Classification perToken() {
        return perToken ? this : new Classification(name, labels, scores, true);
    }

    private Map<String, Double> byLabel(double[] values) {
        Map<String, Double> map = new LinkedHashMap<>();
        for (int i = 0; i < values.length; i++) {
            map.put(labels.get(i), values[i]);
        }
        return Collections.unmodifiableMap(map);
    }

    /** The likeliest label and its probability. */
    @Override
    public String toString() {
        return "Classification[" + best() + ", " + probabilities[best] + " of " + labels.size() + " labels]";
    }
}
