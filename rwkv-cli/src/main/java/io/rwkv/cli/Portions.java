package io.rwkv.cli;

import io.rwkv.text.ReadProgress;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * Takes a list of texts through a model in portions, so that results come early and their memory is bounded. If a portion fails, its
 * texts are taken one by one. For one thread.
 */
final class Portions {
    /** Tokens in a portion: enough for several full calls of the model. A longer text is a portion of its own. */
    private static final int TOKENS = 2048;

    /** What is computed of a portion. */
    interface Work<R> {
        /**
         * Computes.
         *
         * @return a result for each text, in order
         * @throws IllegalArgumentException if there is a text of which nothing can be computed
         * @throws ArithmeticException if what comes of a text is no number
         */
        List<R> compute(List<String> texts, ReadProgress progress);
    }

    private Portions() {
    }

    /**
     * Computes all, and prints a line for each text.
     *
     * @param tokens how many tokens a text has
     * @param line what to print of a result
     * @param textName as in {@link ResultLines}
     */
    static <R> void run(TextsFile file, ToIntFunction<String> tokens, Work<R> work, Function<R, Map<String, ?>> line,
            Progress progress, String textName) throws IOException {
        List<TextsFile.Text> texts = file.texts();
        int[] lengths = texts.stream().map(TextsFile.Text::text).mapToInt(tokens).toArray();
        long total = 0;
        for (int length : lengths) {
            total += length;
        }
        ResultLines lines = new ResultLines(file, progress, textName);
        long before = 0; // tokens of the portions that are done
        for (int from = 0; from < texts.size() && !System.out.checkError();) {
            long length = 0;
            int to = from;
            while (to < texts.size() && (to == from || length + lengths[to] <= TOKENS)) {
                length += lengths[to++];
            }
            long base = before;
            long all = total;
            portion(texts.subList(from, to), work, line, (done, ofPortion) -> progress.report(base + done, all), lines);
            before += length;
            progress.report(before, total);
            from = to;
        }
        lines.end();
    }

    private static <R> void portion(List<TextsFile.Text> portion, Work<R> work, Function<R, Map<String, ?>> line,
            ReadProgress progress, ResultLines lines) throws IOException {
        List<String> texts = new ArrayList<>();
        portion.forEach(text -> texts.add(text.text()));
        List<R> results;
        try {
            results = work.compute(texts, progress);
        } catch (IllegalArgumentException | ArithmeticException e) {
            if (portion.size() == 1) {
                lines.print(portion.get(0), e);
                return;
            }
            for (TextsFile.Text text : portion) {
                portion(List.of(text), work, line, (done, total) -> {}, lines);
            }
            return;
        }
        for (int i = 0; i < results.size(); i++) {
            lines.print(portion.get(i), line.apply(results.get(i)));
        }
    }
}
