package io.rwkv.core;

import java.util.Objects;

/**
 * How to load a model. Immutable and safe for any number of threads, if the listener given to {@link Builder#progress} is.
 * Made by {@link #builder()}; {@link #toBuilder()} makes changed copies.
 */
public final class RwkvOptions {
    /** The largest number of threads that is accepted. */
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

    /** The fastest engine that can run, weights as stored, one thread per processor, no listener, unknown tensors refused. */
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

    /** The engine's name, such as {@code simd} or {@code nd4j}, or {@code auto} for the fastest one that can run. */
    public String engine() {
        return engine;
    }

    /** How weight matrices are held in memory. The ND4J engine holds all as {@link Precision#F32} and refuses other types. */
    public Precision precision() {
        return precision;
    }

    /**
     * How many threads may compute one call, including the caller's own; 0 means one per processor. The ND4J engine ignores
     * this: its backend chooses.
     */
    public int threads() {
        return threads;
    }

    /** The listener that is told how far loading has come. Never null. */
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

        /**
         * Which engine computes: its name, such as {@code simd} or {@code nd4j}, or {@code auto}, the default, for the fastest
         * one that can run. A name that no engine has is refused when a model is loaded.
         */
        public Builder engine(String name) {
            engine = Objects.requireNonNull(name, "engine");
            return this;
        }

        /** How to hold weight matrices in memory; by default {@link Precision#AS_STORED}. */
        public Builder precision(Precision weights) {
            precision = Objects.requireNonNull(weights, "precision");
            return this;
        }

        /**
         * How many threads may compute one call, including the caller's own; by default 0, which means one per processor.
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

        /** A listener that is told how far loading has come, in the thread that loads; by default none. */
        public Builder progress(LoadProgress listener) {
            progress = Objects.requireNonNull(listener, "progress");
            return this;
        }

        /**
         * Whether to leave out tensors that the checkpoint's version does not have, with one warning that lists them. By
         * default such a checkpoint is refused. Use this only if you know that these tensors change nothing: tensors of a newer
         * version, or of an adapter that is not merged, belong to the model, and without them its results are wrong. Works only
         * for files under RWKV's own names.
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
