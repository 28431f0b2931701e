package io.rwkv.core.engine;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvOptions;

import java.util.Objects;

/**
 * The options that an engine is made with. Immutable and safe for any number of threads. Made by {@link #builder()};
 * {@link #toBuilder()} makes changed copies.
 */
public final class EngineOptions {
    private final Precision precision;
    private final int threads;

    private EngineOptions(Builder builder) {
        precision = builder.precision;
        threads = builder.threads;
    }

    /** A builder that begins with weights as stored and 0 threads, so that the engine chooses the number. */
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

    /** How many threads may compute one operation, including the caller's own; 0 lets the engine choose. */
    public int threads() {
        return threads;
    }

    @Override
    public String toString() {
        return "EngineOptions[precision=" + precision + ", threads=" + threads + "]";
    }

    /** Collects options. For one thread; may be used again after {@link #build()}. */
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

        /** The options as they are now. */
        public EngineOptions build() {
            return new EngineOptions(this);
        }
    }
}
