package io.rwkv.text.generation;

import io.rwkv.text.grammar.Grammar;
import io.rwkv.text.sampling.Constraint;
import io.rwkv.text.sampling.Logits;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.text.sampling.SamplingOptions;
import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * How text is generated and where it ends. Immutable and safe for any number of threads, if what was given to
 * {@link Builder#sampler} and {@link Builder#constraint} is. Made by {@link #builder()}; {@link #toBuilder()} makes changed copies.
 */
public final class GenerationOptions {
    private static final GenerationOptions DEFAULTS = new Builder().build();

    private final int maxTokens;
    private final SamplingOptions sampling;
    private final Supplier<? extends Sampler> samplers; // null if the sampling options make them
    private final List<String> stopStrings;
    private final Set<Integer> stopTokens;
    private final boolean stopAtEndOfText;
    private final boolean trimEnd;
    private final Function<? super Tokenizer, ? extends Constraint> constraint; // null for none
    private final OptionalInt logProbabilities;

    private GenerationOptions(Builder builder) {
        maxTokens = builder.maxTokens;
        sampling = builder.sampling.build();
        samplers = builder.samplers;
        stopStrings = List.copyOf(builder.stopStrings);
        stopTokens = Set.copyOf(builder.stopTokens);
        stopAtEndOfText = builder.stopAtEndOfText;
        trimEnd = builder.trimEnd;
        constraint = builder.constraint;
        logProbabilities = builder.logProbabilities;
    }

    /** At most 256 tokens, {@link SamplingOptions#defaults()}, no stop strings, ending at the end-of-text token. */
    public static GenerationOptions defaults() {
        return DEFAULTS;
    }

    /** A builder that begins with {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.maxTokens = maxTokens;
        builder.sampling = sampling.toBuilder();
        builder.samplers = samplers;
        builder.stopStrings.addAll(stopStrings);
        builder.stopTokens.addAll(stopTokens);
        builder.stopAtEndOfText = stopAtEndOfText;
        builder.trimEnd = trimEnd;
        builder.constraint = constraint;
        builder.logProbabilities = logProbabilities;
        return builder;
    }

    /** The largest number of tokens to generate; 0 only reads the prompt. */
    public int maxTokens() {
        return maxTokens;
    }

    /** How tokens are chosen; empty if the caller's samplers choose them. */
    public Optional<SamplingOptions> sampling() {
        return samplers == null ? Optional.of(sampling) : Optional.empty();
    }

    /** The text ends before the first of these strings that appears in it. Unmodifiable. */
    public List<String> stopStrings() {
        return stopStrings;
    }

    /** The text ends when one of these token ids is chosen. Unmodifiable. */
    public Set<Integer> stopTokens() {
        return stopTokens;
    }

    /** Whether the text ends when the tokenizer's end-of-text token is chosen. */
    public boolean stopAtEndOfText() {
        return stopAtEndOfText;
    }

    /** Whether blanks at the end of the text are left out. */
    public boolean trimEnd() {
        return trimEnd;
    }

    /** Makes what says which tokens may come next, for one text; empty if any may. */
    public Optional<Function<? super Tokenizer, ? extends Constraint>> constraint() {
        return Optional.ofNullable(constraint);
    }

    /** How many of the likeliest tokens to note at each place, besides the chosen one; empty if nothing is noted. */
    public OptionalInt logProbabilities() {
        return logProbabilities;
    }

    /**
     * A new sampler for one text, made by {@link SamplingOptions#newSampler(Tokenizer)} or by the caller's supplier. It throws
     * {@link ArithmeticException} if logits are NaN or +∞; a sampler of the caller's is wrapped so that it does too.
     *
     * @param tokenizer the texts of the model's tokens
     */
    public Sampler newSampler(Tokenizer tokenizer) {
        if (samplers == null) {
            return sampling.newSampler(tokenizer);
        }
        Sampler sampler = Objects.requireNonNull(samplers.get(), "sampler: the supplier gave null");
        return logits -> {
            Logits.likeliest(logits);
            return sampler.choose(logits);
        };
    }

    /** Collects options. For one thread; may be used again after {@link #build()}. */
    public static final class Builder {
        private int maxTokens = 256;
        private SamplingOptions.Builder sampling = SamplingOptions.builder();
        private Supplier<? extends Sampler> samplers;
        private final Set<String> stopStrings = new LinkedHashSet<>();
        private final Set<Integer> stopTokens = new LinkedHashSet<>();
        private boolean stopAtEndOfText = true;
        private boolean trimEnd;
        private Function<? super Tokenizer, ? extends Constraint> constraint;
        private OptionalInt logProbabilities = OptionalInt.empty();

        private Builder() {
        }

        /**
         * The largest number of tokens to generate; by default 256. 0 only reads the prompt.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder maxTokens(int value) {
            if (value < 0) {
                throw new IllegalArgumentException("maxTokens: expected 0 or more, found " + value);
            }
            maxTokens = value;
            return this;
        }

        /**
         * As {@link SamplingOptions.Builder#temperature}.
         *
         * @throws IllegalArgumentException if the value is out of range, or after {@link #sampler}
         */
        public Builder temperature(double value) {
            options("temperature").temperature(value);
            return this;
        }

        /**
         * As {@link SamplingOptions.Builder#topK}.
         *
         * @throws IllegalArgumentException if the value is out of range, or after {@link #sampler}
         */
        public Builder topK(int value) {
            options("topK").topK(value);
            return this;
        }

        /**
         * As {@link SamplingOptions.Builder#topP}.
         *
         * @throws IllegalArgumentException if the value is out of range, or after {@link #sampler}
         */
        public Builder topP(double value) {
            options("topP").topP(value);
            return this;
        }

        /**
         * As {@link SamplingOptions.Builder#minP}.
         *
         * @throws IllegalArgumentException if the value is out of range, or after {@link #sampler}
         */
        public Builder minP(double value) {
            options("minP").minP(value);
            return this;
        }

        /**
         * As {@link SamplingOptions.Builder#presencePenalty}.
         *
         * @throws IllegalArgumentException if the value is out of range, or after {@link #sampler}
         */
        public Builder presencePenalty(double value) {
            options("presencePenalty").presencePenalty(value);
            return this;
        }

        /**
         * As {@link SamplingOptions.Builder#frequencyPenalty}.
         *
         * @throws IllegalArgumentException if the value is out of range, or after {@link #sampler}
         */
        public Builder frequencyPenalty(double value) {
            options("frequencyPenalty").frequencyPenalty(value);
            return this;
        }

        /**
         * As {@link SamplingOptions.Builder#seed}.
         *
         * @throws IllegalArgumentException after {@link #sampler}
         */
        public Builder seed(long value) {
            options("seed").seed(value);
            return this;
        }

        private SamplingOptions.Builder options(String name) {
            if (samplers != null) {
                throw new IllegalArgumentException(
                        name + ": expected none beside a sampler of the caller's, which takes no"
                                + " notice of it");
            }
            return sampling;
        }

        /** How to choose tokens: with penalties, other orders, and the rest. Replaces all sampling options and samplers given before. */
        public Builder sampling(SamplingOptions options) {
            sampling = options.toBuilder();
            samplers = null;
            return this;
        }

        /**
         * Chooses tokens with the caller's own samplers. Replaces all sampling options given before. After this,
         * {@link #temperature} and the other sampling options are refused, since such a sampler would not use them.
         *
         * @param supplier makes a sampler for each text; called in the thread that runs the request
         */
        public Builder sampler(Supplier<? extends Sampler> supplier) {
            samplers = Objects.requireNonNull(supplier, "supplier");
            sampling = SamplingOptions.builder();
            return this;
        }

        /**
         * Strings that end the text: it ends before the first of them that appears in it. By default there are none. Replaces
         * those given before.
         *
         * @throws IllegalArgumentException if one of them is empty
         */
        public Builder stopStrings(String... values) {
            return stopStrings(List.of(values));
        }

        /**
         * As {@link #stopStrings(String...)}.
         *
         * @param values copied
         * @throws IllegalArgumentException if one of them is empty
         */
        public Builder stopStrings(Collection<String> values) {
            StopStrings.check(values);
            List<String> copy = new ArrayList<>(values); // which may come from these options
            stopStrings.clear();
            stopStrings.addAll(copy);
            return this;
        }

        /**
         * Token ids that end the text when one of them is chosen. By default there are none. Replaces those given before.
         *
         * @throws IllegalArgumentException if one of them is negative
         */
        public Builder stopTokens(int... values) {
            stopTokens.clear();
            for (int value : values) {
                if (value < 0) {
                    throw new IllegalArgumentException("stopTokens: expected ids of 0 or more, found " + value);
                }
                stopTokens.add(value);
            }
            return this;
        }

        /** Whether the tokenizer's end-of-text token ends the text; by default true. */
        public Builder stopAtEndOfText(boolean value) {
            stopAtEndOfText = value;
            return this;
        }

        /**
         * Whether blanks (spaces, line ends, Unicode's other blanks) at the end of the text are left out: they are given out only
         * once something else follows, and the state has not read them. By default false. Makes no difference beside a constraint,
         * which says itself what the text is.
         */
        public Builder trimEnd(boolean value) {
            trimEnd = value;
            return this;
        }

        /**
         * Restricts which tokens may come next. The text can then only end where the constraint lets it, with
         * {@link Generation.Reason#COMPLETE}, or early for one of the other reasons. Replaces one given before.
         *
         * @param value makes a constraint for each text, from the tokenizer; called in the thread that runs the request
         */
        public Builder constraint(Function<? super Tokenizer, ? extends Constraint> value) {
            constraint = Objects.requireNonNull(value, "constraint");
            return this;
        }

        /**
         * Has the text follow a grammar. It can then only end where the grammar lets it, with
         * {@link Generation.Reason#COMPLETE}, or early for one of the other reasons. Replaces a {@link #constraint} given before.
         *
         * @param value keep it to use it again: it remembers what it found out about a tokenizer
         */
        public Builder grammar(Grammar value) {
            return constraint(Objects.requireNonNull(value, "grammar")::newConstraint);
        }

        /**
         * Notes how likely the model found each token that was chosen, for {@link Generation#logProbabilities()}. By default not.
         *
         * @param likeliest how many of the likeliest tokens to note with it; 0 for the chosen one only
         * @throws IllegalArgumentException if it is negative
         */
        public Builder logProbabilities(int likeliest) {
            if (likeliest < 0) {
                throw new IllegalArgumentException("logProbabilities: expected 0 or more, found " + likeliest);
            }
            logProbabilities = OptionalInt.of(likeliest);
            return this;
        }

        /** The options as they are now. */
        public GenerationOptions build() {
            return new GenerationOptions(this);
        }
    }
}
