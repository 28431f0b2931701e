package io.rwkv.text.generation;

import io.rwkv.text.internal.LogSum;
import io.rwkv.text.sampling.Logits;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.PriorityQueue;

/**
 * How likely the model itself found a token that was chosen, and which tokens it found likeliest in its place: natural logarithms of
 * the softmax of its logits, before temperature, penalties, constraints, and all else that sampling does. Immutable and safe for any
 * number of threads.
 */
public final class TokenLogProbabilities {
    /** A token with its log-probability. */
    public static final class Entry {
        private final int token;
        private final double logProbability;

        Entry(int token, double logProbability) {
            this.token = token;
            this.logProbability = logProbability;
        }

        /** The token's id. Its text, which may be a part of a character, is in the tokenizer. */
        public int token() {
            return token;
        }

        /** At most 0; −∞ if the model rules the token out. */
        public double logProbability() {
            return logProbability;
        }

        @Override
        public String toString() {
            return token + ": " + logProbability;
        }
    }

    private final Entry chosen;
    private final List<Entry> likeliest;

    private TokenLogProbabilities(Entry chosen, List<Entry> likeliest) {
        this.chosen = chosen;
        this.likeliest = likeliest;
    }

    /**
     * Of a token and of the k likeliest.
     *
     * @param logits [vocabulary], finite or −∞
     * @param chosen the id of the token that was chosen
     * @param k how many of the likeliest, none or more; all, if there are not so many
     * @throws ArithmeticException if a logit is NaN or +∞, or if all are −∞
     */
    public static TokenLogProbabilities of(float[] logits, int chosen, int k) {
        Logits.likeliest(logits); // refuses what no distribution can be made of
        double normaliser = LogSum.of(logits);
        return new TokenLogProbabilities(new Entry(chosen, logits[chosen] - normaliser),
                likeliest(logits, normaliser, k));
    }

    private static List<Entry> likeliest(float[] logits, double normaliser, int k) {
        PriorityQueue<Integer> best = new PriorityQueue<>( // the least likely, of equals the one with the highest id, first
                (a, b) -> logits[a] != logits[b] ? Float.compare(logits[a], logits[b]) : Integer.compare(b, a));
        for (int i = 0; k > 0 && i < logits.length; i++) {
            if (best.size() == k) {
                if (logits[i] <= logits[best.element()]) {
                    continue;
                }
                best.remove();
            }
            best.add(i);
        }
        List<Entry> entries = new ArrayList<>(best.size());
        while (!best.isEmpty()) {
            int token = best.remove();
            entries.add(new Entry(token, logits[token] - normaliser));
        }
        Collections.reverse(entries);
        return Collections.unmodifiableList(entries);
    }

    /** The token that was chosen. */
    public Entry chosen() {
        return chosen;
    }

    /** The likeliest tokens, as many as were asked for, the likeliest first; of equals, the one with the lowest id first. */
    public List<Entry> likeliest() {
        return likeliest;
    }

    @Override
    public String toString() {
        return "TokenLogProbabilities[" + chosen + ", likeliest " + likeliest + "]";
    }
}
