package io.rwkv.text.scoring;

/** How texts are scored. Immutable. */
public final class ScoringOptions {
    private static final ScoringOptions DEFAULTS = builder().build();

    private final boolean afterEndOfText;

    private ScoringOptions(Builder builder) {
        afterEndOfText = builder.afterEndOfText;
    }

    /** All options at their defaults. */
    public static ScoringOptions defaults() {
        return DEFAULTS;
    }

    /** A builder that begins with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these options. */
    public Builder toBuilder() {
        return new Builder().afterEndOfText(afterEndOfText);
    }

    /** Whether texts and prompts are read after the tokenizer's end-of-text token, see {@link Builder#afterEndOfText}. */
    public boolean afterEndOfText() {
        return afterEndOfText;
    }

    /** Collects options. For one thread. */
    public static final class Builder {
        private boolean afterEndOfText = true;

        private Builder() {
        }

        /**
         * Whether each text or prompt is read after the tokenizer's end-of-text token, which separated documents in training; by
         * default true. Then its first token has a probability, too. If false, or if the tokenizer has no such token, the first
         * token is context. Generation does not read that token before a prompt: choose false to get the probabilities that a
         * generation from the same prompt has.
         */
        public Builder afterEndOfText(boolean value) {
            afterEndOfText = value;
            return this;
        }

        /** The options. */
        public ScoringOptions build() {
            return new ScoringOptions(this);
        }
    }
}
