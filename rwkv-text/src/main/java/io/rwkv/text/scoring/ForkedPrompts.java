package io.rwkv.text.scoring;

import io.rwkv.core.Output;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;
import io.rwkv.core.Want;
import io.rwkv.text.ReadProgress;
import io.rwkv.text.internal.ListReader;
import io.rwkv.text.internal.LogSum;
import io.rwkv.text.internal.TextList;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Prompts that are all continued in the same ways. Each prompt is read once. Its last logits tell the first token of every
 * continuation, so that one of a single token needs no more; the others each go on from a copy of the prompt's state. For one call,
 * in one thread.
 */
final class ForkedPrompts {
    /** Prompts read together; bounds what their logits take, which is 256 kB each with the World vocabulary. */
    private static final int MOST = 64;

    private final RwkvModel model;
    private final List<int[]> prompts;
    private final IntFunction<String> names; // of prompts
    private final String list; // what the continuations are called
    private final List<int[]> continuations;
    private final boolean forks; // whether any continuation has more than one token
    private long read; // tokens of prompts

    /**
     * @param prompts the tokens of each, at least one
     * @param names what the prompts are called in messages; null if there is only one, which needs no name
     * @param continuations the tokens of each, at least one
     * @param list what the list of continuations is called in messages
     */
    ForkedPrompts(RwkvModel model, List<int[]> prompts, IntFunction<String> names, List<int[]> continuations,
            String list) {
        this.model = model;
        this.prompts = prompts;
        this.names = names;
        this.list = list;
        this.continuations = continuations;
        this.forks = continuations.stream().anyMatch(continuation -> continuation.length > 1);
    }

    /**
     * The scores of all continuations of each prompt, in order: new lists.
     *
     * @param progress is told how many tokens of prompts are read
     */
    List<List<Score>> score(ReadProgress progress) {
        List<List<Score>> scores = new ArrayList<>();
        if (continuations.isEmpty()) {
            prompts.forEach(prompt -> scores.add(List.of()));
            return scores;
        }
        long total = prompts.stream().mapToLong(prompt -> prompt.length).sum();
        int atOnce = Math.min(MOST, ListReader.mostStates(model));
        for (int from = 0; from < prompts.size(); from += atOnce) {
            int to = Math.min(prompts.size(), from + atOnce);
            List<Score> found = ScoredText.scoreAll(model, begin(from, to, progress, total));
            for (int i = 0; i < found.size(); i += continuations.size()) {
                scores.add(new ArrayList<>(found.subList(i, i + continuations.size())));
            }
        }
        return scores;
    }

    /** Reads these prompts, and makes of each as many texts as there are continuations. */
    private List<ScoredText> begin(int from, int to, ReadProgress progress, long total) {
        List<int[]> portion = prompts.subList(from, to);
        List<List<ScoredText>> texts = new ArrayList<>();
        portion.forEach(prompt -> texts.add(null));
        ListReader.read(model, portion, new ListReader.Visitor() {
            // Each piece belongs to the state that was last given for its text.
            private final RwkvState[] states = new RwkvState[portion.size()];

            @Override
            public Step step(int prompt, int pieceFrom, int pieceTo, int[] piece, RwkvState state) {
                states[prompt] = state;
                boolean ends = pieceTo == portion.get(prompt).length;
                return Step.of(piece, state, ends ? Want.LAST_LOGITS : Want.NOTHING);
            }

            @Override
            public void accept(int prompt, int pieceFrom, int pieceTo, Output output) {
                if (output.want() == Want.LAST_LOGITS) {
                    texts.set(prompt, fork(from + prompt, states[prompt], output.logits()));
                }
                states[prompt] = null;
                read += pieceTo - pieceFrom;
                progress.report(read, total);
            }

            @Override
            public String name(int prompt) {
                return names == null ? "prompt" : names.apply(from + prompt);
            }
        });
        return texts.stream().flatMap(List::stream).toList();
    }

    private List<ScoredText> fork(int prompt, RwkvState state, float[] logits) {
        RwkvState start = forks ? state.copy() : null;
        double total = LogSum.of(logits);
        List<ScoredText> texts = new ArrayList<>();
        for (int[] tokens : continuations) {
            String name = TextList.name(list, texts.size());
            texts.add(ScoredText.fork(names == null ? name : names.apply(prompt) + ", " + name, tokens,
                    logits[tokens[0]] - total, start, prompts.get(prompt).length));
        }
        return texts;
    }
}
