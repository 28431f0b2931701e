package io.rwkv.text.generation;

import io.rwkv.core.RwkvState;
import io.rwkv.text.grammar.Grammar;
import io.rwkv.text.internal.GenerationSequence;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The result of a generation. Immutable and safe for any number of threads. */
public final class Generation {
    /** Why a generation ended. */
    public enum Reason {
        /** {@link GenerationOptions#maxTokens()} tokens have been generated. */
        MAX_TOKENS,
        /** The end-of-text token or a stop token was chosen. */
        STOP_TOKEN,
        /** A stop string appeared. */
        STOP_STRING,
        /**
         * The text is complete, as its {@link GenerationOptions.Builder#constraint constraint} demands: nothing may follow, or a
         * token that ends the text was chosen where it may end.
         */
        COMPLETE,
        /** The caller cancelled it. */
        CANCELLED,
        /** Its deadline passed. Only requests that a {@link io.rwkv.text.serving.GenerationService} runs have one. */
        DEADLINE
    }

    private final String text;
    private final int[] tokens;
    private final List<TokenLogProbabilities> logProbabilities;
    private final int promptTokens;
    private final int generatedTokens;
    private final long promptNanos;
    private final long generationNanos;
    private final Reason reason;

    private Generation(String text, int[] tokens, List<TokenLogProbabilities> logProbabilities, int promptTokens,
            int generatedTokens, long promptNanos, long generationNanos, Reason reason) {
        this.text = text;
        this.tokens = tokens;
        this.logProbabilities = logProbabilities;
        this.promptTokens = promptTokens;
        this.generatedTokens = generatedTokens;
        this.promptNanos = promptNanos;
        this.generationNanos = generationNanos;
        this.reason = reason;
    }

    /** What a sequence came to. */
    static Generation of(GenerationSequence sequence, long promptNanos, long generationNanos, Reason reason) {
        return new Generation(sequence.text(), sequence.tokens(), List.copyOf(sequence.logProbabilities()),
                sequence.promptRead(), sequence.generated(), promptNanos, generationNanos, reason);
    }

    /** Of a request that ended before it began. */
    static Generation unbegun(long promptNanos, long generationNanos, Reason reason) {
        return new Generation("", new int[0], List.of(), 0, 0, promptNanos, generationNanos, reason);
    }

    /** The new text: without the prompt, and without the stop string or token that ended it. */
    public String text() {
        return text;
    }

    /**
     * The ids of the tokens of {@link #text()}, in a new array: those that were chosen, without what ended the text. If the text ends
     * within a token, the part of it that belongs to the text is encoded again. The caller's state has read the prompt and these.
     */
    public int[] tokens() {
        return tokens.clone();
    }

    /**
     * How likely the model found each token that was chosen, if {@link GenerationOptions#logProbabilities()} asked for that:
     * {@link #generatedTokens()} entries, with the token that ended the text. Else empty. Unmodifiable.
     */
    public List<TokenLogProbabilities> logProbabilities() {
        return logProbabilities;
    }

    /** The number of tokens of the prompt that were read; not all of them if the run ended before the first new token. */
    public int promptTokens() {
        return promptTokens;
    }

    /** The number of tokens that were chosen, including the one that ended the text. */
    public int generatedTokens() {
        return generatedTokens;
    }

    /** The time for reading the prompt, in nanoseconds. */
    public long promptNanos() {
        return promptNanos;
    }

    /** The time from then until the end, in nanoseconds. Includes what the caller's code did with the text. */
    public long generationNanos() {
        return generationNanos;
    }

    /** Why it ended. */
    public Reason reason() {
        return reason;
    }

    /** {@link #generatedTokens()} per second of {@link #generationNanos()}; 0 if no token was generated. */
    public double tokensPerSecond() {
        return generationNanos == 0 ? 0 : generatedTokens * 1e9 / generationNanos;
    }

    @Override
    public String toString() {
        return "Generation[" + reason + ", " + generatedTokens + " tokens: " + text + "]";
    }

    /**
     * A text to continue, and how. Immutable: the methods that change something return a new request. Safe for any number of
     * threads. May be run any number of times. With a {@link #state} from the caller, only one run at a time: a second one is an
     * {@link IllegalStateException}.
     *
     * <p><b>Where a state ends.</b> After a run, the caller's state has read exactly the prompt and the new text. It has not read
     * the stop string or the token that ended the text. If a stop string begins inside a token, the part of the token that belongs
     * to the text is encoded again and read. So the next request with the same state continues at the end of the text.
     *
     * <p>If the caller's code throws, the state has read all pieces that were given out, including the one that it threw at. Only
     * if the model itself fails (it is closed, or memory runs out) may the state end earlier.
     */
    public static final class Request {
        /** The condition of requests that have none. */
        static final BooleanSupplier NEVER = () -> false;

        static {
            RequestAccess.open();
        }

        private final TextGenerator generator;
        private final int[] prompt;
        private final GenerationOptions options;
        private final RwkvState state; // null for a new one each time
        private final BooleanSupplier cancelled;

        Request(TextGenerator generator, int[] prompt, GenerationOptions options, RwkvState state,
                BooleanSupplier cancelled) {
            this.generator = generator;
            this.prompt = prompt;
            this.options = options;
            this.state = state;
            this.cancelled = cancelled;
        }

        /** A request with these options. They replace all options so far, including those of {@link #stop}. */
        public Request options(GenerationOptions value) {
            return new Request(generator, prompt, Objects.requireNonNull(value, "options"), state, cancelled);
        }

        /**
         * A request with more stop strings: the new text ends before the first one that appears in it.
         *
         * @throws IllegalArgumentException if one of them is empty
         */
        public Request stop(String... strings) {
            List<String> all = new ArrayList<>(options.stopStrings());
            all.addAll(List.of(strings));
            return options(options.toBuilder().stopStrings(all).build());
        }

        /**
         * A request whose text follows a grammar, as {@link GenerationOptions.Builder#grammar} says. Stop strings and the limit of
         * tokens may still cut it off: it follows the grammar if it ends with {@link Reason#COMPLETE}.
         */
        public Request grammar(Grammar value) {
            return options(options.toBuilder().grammar(value).build());
        }

        /**
         * A request whose text is JSON that a schema admits, as {@link Grammar#jsonSchema} says. The schema is compiled at each call: for
         * many requests, keep the grammar, and give it to {@link #grammar}.
         *
         * @throws io.rwkv.text.grammar.GrammarException if the schema cannot be compiled; the message says where
         */
        public Request json(String schema) {
            return grammar(Grammar.jsonSchema(schema));
        }

        /**
         * A request that continues from this state. Each run moves the state. Without this, each run begins with a new state.
         */
        public Request state(RwkvState value) {
            return new Request(generator, prompt, options, Objects.requireNonNull(value, "state"), cancelled);
        }

        /**
         * A request that ends when this condition is true. It is asked, in the thread that runs, before each new token and before
         * each piece of 512 tokens of the prompt. Replaces a condition given before. The state has then read as many tokens of the
         * prompt as {@link Generation#promptTokens()} says, and the text that was given out.
         */
        public Request cancelledWhen(BooleanSupplier condition) {
            return new Request(generator, prompt, options, state, Objects.requireNonNull(condition, "condition"));
        }

        /** The same, ending also once this says so. */
        Request cancelledAlsoWhen(BooleanSupplier condition) {
            return cancelledWhen(() -> condition.getAsBoolean() || cancelled.getAsBoolean());
        }

        TextGenerator generator() {
            return generator;
        }

        /** The prompt itself. */
        int[] ownPrompt() {
            return prompt;
        }

        /** The caller's state; null for a new one each time. */
        RwkvState state() {
            return state;
        }

        BooleanSupplier cancelled() {
            return cancelled;
        }

        /** The options of this request. */
        public GenerationOptions options() {
            return options;
        }

        /** The token ids of the prompt, in a new array. */
        public int[] prompt() {
            return prompt.clone();
        }

        /** Runs to the end in this thread; throws what {@link #run(Consumer)} throws. */
        public Generation run() {
            return run(piece -> {});
        }

        /**
         * Runs to the end in this thread.
         *
         * @param onText receives each piece of new text as soon as it is certain: never half a character, and never text that may
         * still become part of a stop string. If it throws, the run ends and the exception is thrown to the caller
         * @return the whole new text and how it ended
         * @throws ArithmeticException if the model's logits are NaN or infinite
         * @throws IllegalArgumentException if the state was made by another model, or if a token of the prompt is not in the
         * vocabulary
         * @throws IllegalStateException if the model is closed, if the state is in use elsewhere, or if the caller's sampler returns
         * an id that is not in the vocabulary
         */
        public Generation run(Consumer<? super String> onText) {
            Objects.requireNonNull(onText, "onText");
            GenerationRun run = generator.begin(prompt, state, options, cancelled);
            for (String piece = run.next(); piece != null; piece = run.next()) {
                try {
                    onText.accept(piece);
                } catch (RuntimeException | Error e) {
                    run.abort(e);
                    throw e;
                }
            }
            return run.result();
        }

        /** Runs in a thread of its own, as {@link #start(Consumer)}. */
        public CompletableFuture<Generation> start() {
            return start(piece -> {});
        }

        /**
         * Runs in a new daemon thread. Cancelling the future, or completing it in another way, ends the run before its next token,
         * or before the next 512 tokens of its prompt. {@code cancel} waits for the run to end, unless {@code onText} calls it. When
         * it returns, the caller's state is free and has read exactly the text that was given out.
         *
         * @param onText receives each piece of new text, in that thread; otherwise as in {@link #run(Consumer)}
         * @return a future of the result, or of what {@link #run(Consumer)} throws
         */
        public CompletableFuture<Generation> start(Consumer<? super String> onText) {
            return new GenerationFuture(this, Objects.requireNonNull(onText, "onText"));
        }

        /**
         * Runs while the stream is consumed, in the thread that consumes it; the stream throws what {@link #run(Consumer)} throws.
         * Closing the stream cancels the rest. Use it in a {@code try} statement: the caller's state is free, and ends where the text
         * ends, only when the stream has been consumed to its end or closed.
         *
         * @return the pieces of new text in order; sequential
         * @throws IllegalStateException if the state is in use by another generation
         */
        public Stream<String> stream() {
            GenerationRun run = generator.begin(prompt, state, options, cancelled);
            return StreamSupport.stream(
                    new AbstractSpliterator<String>(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL) {
                        @Override
                        public boolean tryAdvance(Consumer<? super String> action) {
                            String piece = run.next();
                            if (piece == null) {
                                return false;
                            }
                            try {
                                action.accept(piece);
                            } catch (RuntimeException | Error e) {
                                run.abort(e);
                                throw e;
                            }
                            return true;
                        }
                    }, false).onClose(run::close);
        }
    }
}
