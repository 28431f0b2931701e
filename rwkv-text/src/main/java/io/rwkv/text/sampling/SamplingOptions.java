package io.rwkv.text.sampling;

import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * How the next token is chosen: first temperature, then top-k, then top-p, then a random choice by probability. Immutable and
 * safe for any number of threads. Made by {@link #builder()}; {@link #toBuilder()} makes changed copies.
 */
public final class SamplingOptions {
    private static final SamplingOptions DEFAULTS = new Builder().build();

    private final double temperature;
    private final int topK;
    private final double topP;
    private final OptionalLong seed;

    private SamplingOptions(Builder builder) {
        temperature = builder.temperature;
        topK = builder.topK;
        topP = builder.topP;
        seed = builder.seed;
    }

    /** Temperature 1, no top-k, top-p 0.5, no seed. */
    public static SamplingOptions defaults() {
        return DEFAULTS;
    }

    /** A builder that begins with {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these options. */
    public Builder toBuilder() {
        Builder builder = new Builder().temperature(temperature).topK(topK).topP(topP);
        builder.seed = seed;
        return builder;
    }

    /** The logits are divided by this before the softmax; 0 always chooses the likeliest token. */
    public double temperature() {
        return temperature;
    }

    /** Only this many likeliest tokens can be chosen; 0 for all. */
    public int topK() {
        return topK;
    }

    /** Only the likeliest tokens that together have this probability can be chosen; 1 for all. */
    public double topP() {
        return topP;
    }

    /** The seed of the random choices; empty if each sampler makes other choices. */
    public OptionalLong seed() {
        return seed;
    }

    /**
     * A new sampler for one text. Samplers with the same seed make the same choices from the same logits. The sampler does not look
     * at the tokens that it chose before. After its first choice it allocates nothing.
     */
    public Sampler newSampler() {
        return new StandardSampler(this,
                seed.isPresent() ? new SplittableRandom(seed.getAsLong()) : new SplittableRandom());
    }

    /** Collects options. For one thread; may be used again after {@link #build()}. */
    public static final class Builder {
        private double temperature = 1;
        private int topK;
        private double topP = 0.5;
        private OptionalLong seed = OptionalLong.empty();

        private Builder() {
        }

        /**
         * The logits are divided by this before the softmax; by default 1. 0 always chooses the likeliest token.
         *
         * @throws IllegalArgumentException if it is negative, above 1,000,000 or NaN
         */
        public Builder temperature(double value) {
            if (!(value >= 0 && value <= 1e6)) {
                throw new IllegalArgumentException("temperature: expected 0 to 1000000, found " + value);
            }
            temperature = value;
            return this;
        }

        /**
         * Keeps only this many of the likeliest tokens; by default 0, which keeps all.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder topK(int value) {
            if (value < 0) {
                throw new IllegalArgumentException("topK: expected 0 or more, found " + value);
            }
            topK = value;
            return this;
        }

        /**
         * Keeps only the likeliest tokens that together have this probability; by default 0.5. 1 keeps all.
         *
         * @throws IllegalArgumentException if it is not more than 0 and at most 1
         */
        public Builder topP(double value) {
            if (!(value > 0 && value <= 1)) {
                throw new IllegalArgumentException("topP: expected more than 0, at most 1, found " + value);
            }
            topP = value;
            return this;
        }

        /** The seed of the random choices: with it, the same logits lead to the same choices. By default there is none. */
        public Builder seed(long value) {
            seed = OptionalLong.of(value);
            return this;
        }

        /** The options as they are now. */
        public SamplingOptions build() {
            return new SamplingOptions(this);
        }
    }
}
