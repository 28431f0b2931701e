package io.rwkv.core.engine;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvOptions;

import java.util.Objects;

/** What callers may choose of an engine. Immutable and safe for any number of threads. */
public final class EngineOptions {
    private final Precision precision;
    private final int threads;

    private EngineOptions(Builder builder) {
        precision = builder.precision;
        threads = builder.threads;
    }

    /** A builder that begins with weights as stored, and the number of threads left to the engine. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these options. */
    public Builder toBuilder() {
        return new Builder().precision(precision).threads(threads);
    }

    /** How to hold weight matrices. */
    public Precision precision() {
        return precision;
    }

    /** How many threads may compute one operation, the caller's own included; 0 leaves that to the engine. */
    public int threads() {
        return threads;
    }

    @Override
    public String toString() {
        return "EngineOptions[precision=" + precision + ", threads=" + threads + "]";
    }

    /** Makes {@link EngineOptions}. For one thread. */
    public static final class Builder {
        private Precision precision = Precision.AS_STORED;
        private int threads;

        private Builder() {
        }

        /** See {@link EngineOptions#precision()}. */
        public Builder precision(Precision weights) {
            precision = Objects.requireNonNull(weights, "precision");
            return this;
        }

        /**
         * See {@link EngineOptions#threads()}.
         *
         * @throws IllegalArgumentException below 0 or above {@link RwkvOptions#MAX_THREADS}
         */
        public Builder threads(int number) {
            if (number < 0 || number > RwkvOptions.MAX_THREADS) {
                throw new IllegalArgumentException(
                        "threads: expected 0 to " + RwkvOptions.MAX_THREADS + ", found " + number);
            }
            threads = number;
            return this;
        }

        /** The options. */
        public EngineOptions build() {
            return new EngineOptions(this);
        }
    }
}
