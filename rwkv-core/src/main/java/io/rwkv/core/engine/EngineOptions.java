package io.rwkv.core.engine;

import io.rwkv.core.Precision;

import java.util.Objects;

/**
 * What callers may choose of an engine.
 *
 * @param precision how to hold weight matrices
 * @param threads how many threads may compute one operation, the caller's own included; 0 leaves that to the engine
 */
public record EngineOptions(Precision precision, int threads) {
    /** Refuses a negative number of threads. */
    public EngineOptions {
        Objects.requireNonNull(precision, "precision");
        if (threads < 0) {
            throw new IllegalArgumentException("threads: expected 0 or more, found " + threads);
        }
    }
}
