package io.rwkv.text.generation;

import io.rwkv.text.sampling.Logits;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.text.sampling.SamplingOptions;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * How text is generated and where it ends. Immutable and safe for any number of threads (if a supplier of samplers is);
 * made by a {@link #builder()}, or changed by way of {@link #toBuilder()}.
 */
public final class GenerationOptions {
    private static final GenerationOptions DEFAULTS = new Builder().build();

    private final int maxTokens;
    private final SamplingOptions sampling;
    private final Supplier<? extends Sampler> samplers; // null if the sampling options make them
    private final List<String> stopStrings;
    private final Set<Integer> stopTokens;
    private final boolean stopAtEndOfText;

    private GenerationOptions(Builder builder) {
        maxTokens = builder.maxTokens;
        sampling = builder.sampling.build();
        samplers = builder.samplers;
        stopStrings = List.copyOf(builder.stopStrings);
        stopTokens = Set.copyOf(builder.stopTokens);
        stopAtEndOfText = builder.stopAtEndOfText;
    }

    /** 256 tokens, {@link SamplingOptions#defaults()}, stopping at the end of the text. */
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
        return builder;
    }

    /** The most tokens that are generated. */
    public int maxTokens() {
        return maxTokens;
    }

    /** How tokens are chosen; empty if samplers of the caller's choose them. */
    public Optional<SamplingOptions> sampling() {
        return samplers == null ? Optional.of(sampling) : Optional.empty();
    }

    /** Generation ends before the first of these that appears in the new text. */
    public List<String> stopStrings() {
        return stopStrings;
    }

    /** Generation ends at these ids. */
    public Set<Integer> stopTokens() {
        return stopTokens;
    }

    /** Whether generation ends at the tokenizer's end-of-text token. */
    public boolean stopAtEndOfText() {
        return stopAtEndOfText;
    }

    /** A sampler for one text. It refuses logits that are not numbers, also if it is the caller's. */
    public Sampler newSampler() {
        if (samplers == null) {
            return sampling.newSampler();
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

        private Builder() {
        }

        /**
         * The most tokens to generate; by default 256.
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

        /** As {@link SamplingOptions.Builder#temperature}. */
        public Builder temperature(double value) {
            options("temperature").temperature(value);
            return this;
        }

        /** As {@link SamplingOptions.Builder#topK}. */
        public Builder topK(int value) {
            options("topK").topK(value);
            return this;
        }

        /** As {@link SamplingOptions.Builder#topP}. */
        public Builder topP(double value) {
            options("topP").topP(value);
            return this;
        }

        /** As {@link SamplingOptions.Builder#seed}. */
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

        /** Chooses tokens by these options; replaces all that was said of it before. */
        public Builder sampling(SamplingOptions options) {
            sampling = options.toBuilder();
            samplers = null;
            return this;
        }

        /**
         * Chooses tokens by samplers of the caller's; replaces all that was said of it before. Temperature and the like are
         * refused from then on, since nothing would take notice of them.
         *
         * @param supplier gives a sampler for each text; called in the thread that generates
         */
        public Builder sampler(Supplier<? extends Sampler> supplier) {
            samplers = Objects.requireNonNull(supplier, "supplier");
            sampling = SamplingOptions.builder();
            return this;
        }

        /**
         * Generation ends before the first of these that appears in the new text; by default there are none. Replaces those
         * given before.
         *
         * @throws IllegalArgumentException if one is empty
         */
        public Builder stopStrings(String... values) {
            return stopStrings(List.of(values));
        }

        /** As {@link #stopStrings(String...)}. */
        public Builder stopStrings(Collection<String> values) {
            StopStrings.check(values);
            List<String> copy = new ArrayList<>(values); // which may come from these options
            stopStrings.clear();
            stopStrings.addAll(copy);
            return this;
        }

        /**
         * Generation ends at these ids; by default there are none. Replaces those given before.
         *
         * @throws IllegalArgumentException if one is negative
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

        /** Whether generation ends at the tokenizer's end-of-text token; by default it does. */
        public Builder stopAtEndOfText(boolean value) {
            stopAtEndOfText = value;
            return this;
        }

        /** The options as they are now. */
        public GenerationOptions build() {
            return new GenerationOptions(this);
        }
    }
}
