package io.rwkv.text.generation;

import io.rwkv.core.RwkvState;

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

/** What a generation came to. Immutable. */
public final class Generation {
    /** Why a generation ended. */
    public enum Reason {
        /** The most tokens asked for have been generated. */
        MAX_TOKENS,
        /** The tokenizer's end-of-text token or one of the stop tokens was chosen. */
        STOP_TOKEN,
        /** A stop string appeared. */
        STOP_STRING,
        /** The caller wanted no more. */
        CANCELLED
    }

    private final String text;
    private final int promptTokens;
    private final int generatedTokens;
    private final long promptNanos;
    private final long generationNanos;
    private final Reason reason;

    Generation(String text, int promptTokens, int generatedTokens, long promptNanos, long generationNanos,
            Reason reason) {
        this.text = text;
        this.promptTokens = promptTokens;
        this.generatedTokens = generatedTokens;
        this.promptNanos = promptNanos;
        this.generationNanos = generationNanos;
        this.reason = reason;
    }

    /** The new text, without the prompt and without what ended it. */
    public String text() {
        return text;
    }

    /** The number of tokens read before the first new one; fewer than the prompt has if it was cancelled there. */
    public int promptTokens() {
        return promptTokens;
    }

    /** The number of tokens chosen, that which ended the text included. */
    public int generatedTokens() {
        return generatedTokens;
    }

    /** Time spent reading the prompt, in nanoseconds. */
    public long promptNanos() {
        return promptNanos;
    }

    /** Time from then on, in nanoseconds, the caller's handling of the text included. */
    public long generationNanos() {
        return generationNanos;
    }

    /** Why it ended. */
    public Reason reason() {
        return reason;
    }

    /** Generated tokens per second, the prompt not counted; 0 if none was generated. */
    public double tokensPerSecond() {
        return generationNanos == 0 ? 0 : generatedTokens * 1e9 / generationNanos;
    }

    @Override
    public String toString() {
        return "Generation[" + reason + ", " + generatedTokens + " tokens: " + text + "]";
    }

    /**
     * A text to be continued, and how. Immutable: each method that changes something gives another request. Safe for any
     * number of threads, and may be run any number of times; but with a {@link #state} of the caller's, which moves, only one
     * run at a time.
     *
     * <p><b>Where a state ends.</b> After a run, the state has read the prompt and the new text, exactly: neither the stop
     * string or the token that ended it, nor what else a token held that a stop string begins in (what such a token holds of
     * the text is encoded anew and read). So the next request, with the same state, goes on from the end of the text. If
     * something is thrown, the state has read what was given out before, the piece that the caller's code threw at included;
     * only if the model itself fails (it is closed, or memory runs out) may it end sooner.
     */
    public static final class Request {
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

        /** The same with these options, in place of all options so far, those of {@link #stop} included. */
        public Request options(GenerationOptions value) {
            return new Request(generator, prompt, Objects.requireNonNull(value, "options"), state, cancelled);
        }

        /**
         * The same, ending also before the first of these that appears in the new text.
         *
         * @throws IllegalArgumentException if one is empty
         */
        public Request stop(String... strings) {
            List<String> all = new ArrayList<>(options.stopStrings());
            all.addAll(List.of(strings));
            return options(options.toBuilder().stopStrings(all).build());
        }

        /** The same, going on from this state, which each run moves; without one, each run begins with a new state. */
        public Request state(RwkvState value) {
            return new Request(generator, prompt, options, Objects.requireNonNull(value, "state"), cancelled);
        }

        /**
         * The same, ending once this says so. It is asked before each new token, and before each piece of 512 tokens of the
         * prompt; a state has then read what the result says.
         */
        public Request cancelledWhen(BooleanSupplier condition) {
            return new Request(generator, prompt, options, state, Objects.requireNonNull(condition, "condition"));
        }

        /** The same, ending also once this says so. */
        Request cancelledAlsoWhen(BooleanSupplier condition) {
            return cancelledWhen(() -> condition.getAsBoolean() || cancelled.getAsBoolean());
        }

        /** The options that a run will have. */
        public GenerationOptions options() {
            return options;
        }

        /** The prompt's tokens; a new array. */
        public int[] prompt() {
            return prompt.clone();
        }

        /** Runs in this thread; otherwise as {@link #run(Consumer)}. */
        public Generation run() {
            return run(piece -> {});
        }

        /**
         * Runs in this thread, to the end.
         *
         * @param onText hears each piece of new text as soon as it is certain; never half a character, and never what may
         * become part of a stop string. What it throws ends the run and is thrown on
         * @throws ArithmeticException if the model gives logits that are not numbers
         * @throws IllegalArgumentException if the state was made by another model
         * @throws IllegalStateException if the model is closed, the state in use elsewhere, or a sampler of the caller's gives
         * what is no token
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

        /**
         * Runs in a thread of its own; otherwise as {@link #start(Consumer)}.
         */
        public CompletableFuture<Generation> start() {
            return start(piece -> {});
        }

        /**
         * Runs in a daemon thread of its own. Cancelling the future, or completing it in any other way, ends the run before its
         * next token, or the next 512 tokens of its prompt. {@code cancel} returns when the run has ended, unless the run itself
         * calls it: a state of the caller's is then where the text ends that was given out, and free.
         *
         * @param onText hears each piece of new text, in that thread; otherwise as in {@link #run(Consumer)}
         * @return what it comes to, or what {@link #run(Consumer)} would throw
         */
        public CompletableFuture<Generation> start(Consumer<? super String> onText) {
            return new GenerationFuture(this, Objects.requireNonNull(onText, "onText"));
        }

        /**
         * Runs as the stream is consumed, in the thread that consumes it, which throws what {@link #run(Consumer)} would throw.
         * Closing the stream cancels what is left: use it in a {@code try}, for a state of the caller's ends where the text
         * does only once the stream has ended or is closed.
         *
         * @return the pieces of new text, in order, not parallel
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
