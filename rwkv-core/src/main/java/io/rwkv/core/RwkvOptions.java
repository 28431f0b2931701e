package io.rwkv.core;

import java.util.Objects;

/**
 * How to load a model. Immutable and safe for any number of threads; made by a {@link #builder()}, or changed by way of
 * {@link #toBuilder()}.
 */
public final class RwkvOptions {
    /** No number of threads above this is accepted. */
    public static final int MAX_THREADS = 1024;

    private static final RwkvOptions DEFAULTS = new Builder().build();

    private final String engine;
    private final Precision precision;
    private final int threads;
    private final LoadProgress progress;
    private final boolean ignoreUnknownTensors;

    private RwkvOptions(Builder builder) {
        engine = builder.engine;
        precision = builder.precision;
        threads = builder.threads;
        progress = builder.progress;
        ignoreUnknownTensors = builder.ignoreUnknownTensors;
    }

    /** The fastest engine that can run, weights as stored, a thread per processor, no listener. */
    public static RwkvOptions defaults() {
        return DEFAULTS;
    }

    /** A builder that begins with {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these options. */
    public Builder toBuilder() {
        return new Builder().engine(engine).precision(precision).threads(threads).progress(progress)
                .ignoreUnknownTensors(ignoreUnknownTensors);
    }

    /** An engine's name, or {@code auto} for the fastest that can run. */
    public String engine() {
        return engine;
    }

    /** How weight matrices are held; the ND4J engine knows {@link Precision#F32} only. */
    public Precision precision() {
        return precision;
    }

    /**
     * How many threads may compute one call, the caller's own included; 0 for one per processor. The ND4J engine leaves that
     * to its backend.
     */
    public int threads() {
        return threads;
    }

    /** Hears how far loading is. */
    public LoadProgress progress() {
        return progress;
    }

    /** Whether tensors that the checkpoint's version does not have are left out with a warning, instead of being refused. */
    public boolean ignoreUnknownTensors() {
        return ignoreUnknownTensors;
    }

    /** Collects options. For one thread; may be used again after {@link #build()}. */
    public static final class Builder {
        private String engine = "auto";
        private Precision precision = Precision.AS_STORED;
        private int threads;
        private LoadProgress progress = (done, total) -> {};
        private boolean ignoreUnknownTensors;

        private Builder() {
        }

        /** An engine's name, or {@code auto}, the default, for the fastest that can run. */
        public Builder engine(String name) {
            engine = Objects.requireNonNull(name, "engine");
            return this;
        }

        /** How to hold weight matrices; by default {@link Precision#AS_STORED}. */
        public Builder precision(Precision weights) {
            precision = Objects.requireNonNull(weights, "precision");
            return this;
        }

        /**
         * How many threads may compute one call; by default 0, one per processor.
         *
         * @throws IllegalArgumentException if it is negative or above {@value RwkvOptions#MAX_THREADS}
         */
        public Builder threads(int number) {
            if (number < 0 || number > MAX_THREADS) {
                throw new IllegalArgumentException("threads: expected 0 to " + MAX_THREADS + ", found " + number);
            }
            threads = number;
            return this;
        }

        /** Hears how far loading is; by default nobody does. */
        public Builder progress(LoadProgress listener) {
            progress = Objects.requireNonNull(listener, "progress");
            return this;
        }

        /**
         * Whether to leave out tensors that the checkpoint's version does not have, with one warning that lists them; by default
         * such a checkpoint is refused. Only for files whose surplus is known to change nothing: an adapter that is not merged,
         * or a newer version's tensors, are part of the model, and without them it gives wrong results. For files under RWKV's own
         * names.
         */
        public Builder ignoreUnknownTensors(boolean ignore) {
            ignoreUnknownTensors = ignore;
            return this;
        }

        /** The options as they are now. */
        public RwkvOptions build() {
            return new RwkvOptions(this);
        }
    }
}
