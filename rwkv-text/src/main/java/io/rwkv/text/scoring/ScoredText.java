package io.rwkv.text.scoring;

import io.rwkv.core.Output;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;
import io.rwkv.core.Want;
import io.rwkv.text.internal.ListReader;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A text on its way to its score: some tokens of context, and then those that are scored. Its last token is never read: only its
 * probability is wanted. A fork's context has been read before, and has told its first token. For one thread.
 */
final class ScoredText {
    private final String name;
    private final int[] read; // all tokens but the last
    private final int[] scored;
    private final double[] logProbabilities; // [scored]
    private final int first; // the index in read of the token that tells the first log-probability; -1 if that is known
    private final RwkvState start; // what has read what was before; null if nothing was
    private final int tokensBefore;

    /** @param context how many tokens are context, from 0 to all but one */
    private ScoredText(String name, int[] tokens, int context, RwkvState start, int tokensBefore) {
        this.name = name;
        read = Arrays.copyOf(tokens, tokens.length - 1);
        scored = Arrays.copyOfRange(tokens, context, tokens.length);
        logProbabilities = new double[scored.length];
        first = context - 1;
        this.start = start;
        this.tokensBefore = tokensBefore;
    }

    /**
     * A text with its context.
     *
     * @param name what it is called in messages
     * @param tokens context and text
     * @param context how many tokens are context, from 1 to all but one
     */
    static ScoredText of(String name, int[] tokens, int context) {
        return new ScoredText(name, tokens, context, null, 0);
    }

    /**
     * A text whose context has been read.
     *
     * @param name what it is called in messages
     * @param tokens the text, at least one
     * @param firstLogProbability of the first of them
     * @param start has read the context; only copied. May be null for a text of one token
     * @param tokensBefore how many tokens the context has
     */
    static ScoredText fork(String name, int[] tokens, double firstLogProbability, RwkvState start, int tokensBefore) {
        ScoredText text = new ScoredText(name, tokens, 0, start, tokensBefore);
        text.set(0, firstLogProbability);
        return text;
    }

    /** Reads all texts. */
    static List<Score> scoreAll(RwkvModel model, List<ScoredText> all) {
        List<ScoredText> texts = all.stream().filter(text -> text.read.length > 0).toList();
        List<int[]> tokens = texts.stream().map(text -> text.read).toList();
        ListReader.read(model, tokens, new ListReader.Visitor() {
            @Override
            public void begin(int text, RwkvState state) {
                RwkvState start = texts.get(text).start;
                if (start == null) {
                    state.reset();
                } else {
                    state.copyFrom(start);
                }
            }

            /** Of the context no log-probability is wanted, and so no product with the head. */
            @Override
            public int pieceEnd(int text, int from, int end) {
                int first = texts.get(text).first;
                return from < first ? first : end;
            }

            @Override
            public Step step(int text, int from, int to, int[] piece, RwkvState state) {
                return texts.get(text).step(from, to, piece, state);
            }

            @Override
            public void accept(int text, int from, int to, Output output) {
                if (output.want() == Want.LOG_PROBABILITIES) {
                    texts.get(text).accept(from, output.logProbabilities());
                }
            }

            @Override
            public String name(int text) {
                return texts.get(text).name;
            }
        });
        List<Score> scores = new ArrayList<>(all.size());
        for (ScoredText text : all) {
            scores.add(new Score(text.scored, text.logProbabilities, text.tokensBefore + text.first + 1));
        }
        return scores;
    }

    private Step step(int from, int to, int[] piece, RwkvState state) {
        if (from < first) {
            return Step.of(piece, state, Want.NOTHING);
        }
        int next = to < read.length ? read[to] : scored[scored.length - 1];
        return Step.of(piece, state, Want.LOG_PROBABILITIES).followedBy(next);
    }

    private void accept(int from, float[] found) {
        for (int i = 0; i < found.length; i++) {
            set(from - first + i, found[i]);
        }
    }

    private void set(int token, double logProbability) {
        if (Double.isNaN(logProbability)) {
            throw new ArithmeticException(name + ": the log-probability of token " + token + " is NaN");
        }
        logProbabilities[token] = logProbability;
    }
}
