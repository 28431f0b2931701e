package io.rwkv.core;

import java.util.Objects;

/**
 * How to load a model. Immutable; start from {@link #defaults()}.
 *
 * @param engine an engine's name, or {@code auto} for the fastest that can run
 * @param precision how to hold weight matrices; the ND4J engine knows {@link Precision#F32} only
 * @param threads how many threads may compute one call, the caller's own included; 0 for one per processor, {@value #MAX_THREADS} at most. The ND4J engine
 * leaves that to its backend
 * @param progress hears how far loading is
 */
public record RwkvOptions(String engine, Precision precision, int threads, LoadProgress progress) {
    /** No number of threads above this is accepted. */
    public static final int MAX_THREADS = 1024;

    /** Refuses nulls and a number of threads that is negative or above {@link #MAX_THREADS}. */
    public RwkvOptions {
        Objects.requireNonNull(engine, "engine");
        Objects.requireNonNull(precision, "precision");
        Objects.requireNonNull(progress, "progress");
        if (threads < 0 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("threads: expected 0 to " + MAX_THREADS + ", found " + threads);
        }
    }

    /** The fastest engine that can run, weights as stored, a thread per processor, no listener. */
    public static RwkvOptions defaults() {
        return new RwkvOptions("auto", Precision.AS_STORED, 0, (done, total) -> {});
    }

    /** The same with this engine: a name, or {@code auto}. */
    public RwkvOptions withEngine(String name) {
        return new RwkvOptions(name, precision, threads, progress);
    }

    /** The same with weights held this way. */
    public RwkvOptions withPrecision(Precision weights) {
        return new RwkvOptions(engine, weights, threads, progress);
    }

    /** The same with so many threads. */
    public RwkvOptions withThreads(int number) {
        return new RwkvOptions(engine, precision, number, progress);
    }

    /** The same with this listener. */
    public RwkvOptions withProgress(LoadProgress listener) {
        return new RwkvOptions(engine, precision, threads, listener);
    }
}
