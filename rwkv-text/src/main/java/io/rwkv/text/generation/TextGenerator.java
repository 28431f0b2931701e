package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.internal.Vocabulary;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.tokenizer.StreamingDecoder;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Arrays;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Continues texts. Safe for any number of threads, as each call uses a state of its own or the caller's.
 */
public final class TextGenerator {
    /** The prompt is read in pieces of so many tokens, between which the caller may cancel. */
    private static final int PROMPT_PIECE = 512;

    private final RwkvModel model;
    private final Tokenizer tokenizer;

    /**
     * Neither is closed by this class.
     *
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model's vocabulary
     */
    public TextGenerator(RwkvModel model, Tokenizer tokenizer) {
        this.model = model;
        this.tokenizer = tokenizer;
        Vocabulary.check(model, tokenizer);
    }

    /** Continues a text, and returns what was added. */
    public String generate(String prompt, GenerationOptions options) {
        return generate(prompt, model.newState(), options, piece -> {}, () -> false).text();
    }

    /**
     * Continues a text piece by piece.
     *
     * @param prompt may be empty only if the tokenizer has an end-of-text token, which then stands for it
     * @param state moves on over the prompt and all tokens chosen, that which ended the text included: with the same state,
     * the next call goes on from there. If the call fails part-way, the state has read what came before
     * @param onText hears each piece of new text as soon as it is certain, in this thread; what it throws ends the call
     * @param cancelled asked before each token, and now and then while the prompt is read
     * @throws ArithmeticException if the model gives logits that are not numbers
     */
    public Generation generate(String prompt, RwkvState state, GenerationOptions options, Consumer<String> onText,
            BooleanSupplier cancelled) {
        Objects.requireNonNull(onText, "onText");
        int[] tokens = promptTokens(prompt);
        Run run = new Run(options, onText);
        long start = System.nanoTime();
        float[] logits = new float[model.config().vocabularySize()];
        int[] one = new int[1];
        int read = 0;
        while (read < tokens.length && !cancelled.getAsBoolean()) {
            int end = Math.min(tokens.length, read + PROMPT_PIECE);
            model.logits(Arrays.copyOfRange(tokens, read, end), state, logits);
            read = end;
        }
        long promptEnd = System.nanoTime();
        Generation.Reason reason = Generation.Reason.CANCELLED;
        if (read == tokens.length) {
            reason = Generation.Reason.MAX_TOKENS;
            while (run.generated < options.maxTokens()) {
                if (cancelled.getAsBoolean()) {
                    reason = Generation.Reason.CANCELLED;
                    break;
                }
                int token = run.sampler.choose(logits);
                run.generated++;
                one[0] = token;
                model.logits(one, state, logits);
                if (stops(token, options)) {
                    reason = Generation.Reason.STOP_TOKEN;
                    break;
                }
                if (run.accept(token)) {
                    reason = Generation.Reason.STOP_STRING;
                    break;
                }
            }
        }
        run.finish();
        return new Generation(run.text.toString(), read, run.generated, promptEnd - start,
                System.nanoTime() - promptEnd, reason);
    }

    private int[] promptTokens(String prompt) {
        int[] tokens = tokenizer.encode(prompt);
        if (tokens.length > 0) {
            return tokens;
        }
        return new int[]{tokenizer.endOfText().orElseThrow(() -> new IllegalArgumentException(
                "prompt: expected text, found none; this tokenizer has no end-of-text token to start from"))};
    }

    private boolean stops(int token, GenerationOptions options) {
        OptionalInt end = tokenizer.endOfText();
        return options.stopAtEndOfText() && end.isPresent() && end.getAsInt() == token
                || options.stopTokens().contains(token);
    }

    /** The text of one call in the making. */
    private final class Run {
        final Sampler sampler;
        final StringBuilder text = new StringBuilder();
        final StreamingDecoder decoder = tokenizer.newStreamingDecoder();
        final StopStrings stopStrings;
        final Consumer<String> onText;
        int generated;

        Run(GenerationOptions options, Consumer<String> onText) {
            this.sampler = new Sampler(options);
            this.stopStrings = new StopStrings(options.stopStrings());
            this.onText = onText;
        }

        /** Whether a stop string has appeared. */
        boolean accept(int token) {
            if (tokenizer.standsForText(token)) {
                emit(stopStrings.accept(decoder.accept(token)));
            }
            return stopStrings.found();
        }

        void finish() {
            if (!stopStrings.found()) {
                emit(stopStrings.accept(decoder.finish()));
                emit(stopStrings.finish());
            }
        }

        private void emit(String piece) {
            if (!piece.isEmpty()) {
                text.append(piece);
                onText.accept(piece);
            }
        }
    }
}
