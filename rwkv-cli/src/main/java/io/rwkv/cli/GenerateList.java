package io.rwkv.cli;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TextModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceOptions;
import io.rwkv.text.serving.ServiceRequest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;

/** Continues the texts of a file, several at once, and prints a line of JSON for each. For one thread. */
final class GenerateList {
    private static final int DEFAULT_BATCH = 32;
    /** So many times the batch are under way or wait for their turn to be printed. */
    private static final int AHEAD = 4;

    private record Pending(TextsFile.Text text, CompletableFuture<Generation> result) {}

    private final TextModel model;
    private final GenerationOptions options;
    private final RwkvState tuned; // null for none
    private final boolean echo;
    private final boolean constrained;
    private final int batch;
    private final TokenLines tokenLines;
    private long promptTokens;
    private long generatedTokens;

    /**
     * @param tunedState what each text starts from; null for nothing
     * @param echo whether lines hold their prompts
     * @param constrained whether a text that is not complete in the end is a failure
     * @param batch how many texts at once; null for as many as are worth it and have room
     */
    GenerateList(TextModel model, GenerationOptions options, Path tunedState, boolean echo, boolean constrained,
            Integer batch)
            throws IOException {
        this.model = model;
        this.options = options;
        this.tuned = tunedState == null ? null : model.model().newState(tunedState);
        this.echo = echo;
        this.constrained = constrained;
        this.batch = batch != null ? batch : batchFor(model.model());
        this.tokenLines = new TokenLines(model.tokenizer());
    }

    /** A state and what a step writes in its place are to take no more than a quarter of the heap. */
    private static int batchFor(RwkvModel model) {
        long room = Runtime.getRuntime().maxMemory() / 8 / RwkvState.byteSize(model.config());
        return (int) Math.max(1, Math.min(DEFAULT_BATCH, room));
    }

    /** @throws IOException if a text failed; all others are printed before */
    void run(TextsFile file) throws IOException {
        List<TextsFile.Text> texts = file.texts();
        int ahead = tuned == null ? batch * AHEAD : batch; // those that wait would hold a state each
        AtomicInteger done = new AtomicInteger();
        long start = System.nanoTime();
        ResultLines lines;
        try (Progress progress = Progress.of("generating", "texts");
                GenerationService service = model.serve(
                        ServiceOptions.builder().maxSequences(batch).queueCapacity(ahead).build())) {
            lines = new ResultLines(file, progress, echo ? "prompt" : null);
            Deque<Pending> pending = new ArrayDeque<>();
            for (int next = 0; next < texts.size() || !pending.isEmpty();) {
                while (next < texts.size() && pending.size() < ahead) {
                    Pending begun = begin(service, texts.get(next++));
                    begun.result.whenComplete(
                            (result, failure) -> progress.report(done.incrementAndGet(), texts.size()));
                    pending.add(begun);
                }
                print(pending.remove(), lines);
                if (System.out.checkError()) {
                    service.shutdownNow(); // nobody reads what would come
                    return;
                }
            }
        }
        summary(texts.size(), (System.nanoTime() - start) / 1e9);
        lines.end();
    }

    private Pending begin(GenerationService service, TextsFile.Text text) {
        try {
            Generation.Request request = model.request(text.text()).options(options);
            if (tuned != null) {
                request = request.state(tuned.copy());
            }
            return new Pending(text, service.submit(ServiceRequest.of(request)));
        } catch (IllegalArgumentException e) {
            return new Pending(text, CompletableFuture.failedFuture(e));
        }
    }

    private void print(Pending ended, ResultLines lines) throws IOException {
        Generation result;
        try {
            result = ended.result.join();
        } catch (CompletionException e) {
            lines.print(ended.text, e.getCause());
            return;
        }
        promptTokens += result.promptTokens();
        generatedTokens += result.generatedTokens();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("text", result.text());
        line.put("reason", result.reason().name());
        if (options.logProbabilities().isPresent()) {
            line.put("tokens", tokenLines.of(result));
        }
        lines.print(ended.text, line);
        if (constrained && result.reason() != Generation.Reason.COMPLETE) {
            lines.incomplete(ended.text, result.reason().name());
        }
    }

    private void summary(int texts, double seconds) {
        System.err.printf(Locale.ROOT,
                "[%s, %s engine: %d texts, up to %d at once, read %d tokens, generated %d tokens in %.2f s, %.1f tokens/s]%n",
                model.model().config().version(), model.model().engineName(), texts, batch, promptTokens,
                generatedTokens, seconds, generatedTokens / seconds);
    }
}
