package io.rwkv.core.engine;

import io.rwkv.core.Precision;
import io.rwkv.core.RwkvOptions;

import java.util.Objects;

/**
 * What callers may choose of an engine.
 *
 * @param precision how to hold weight matrices
 * @param threads how many threads may compute one operation, the caller's own included; 0 leaves that to the engine
 */
public record EngineOptions(Precision precision, int threads) {
    /** Refuses what {@link RwkvOptions} refuses. */
    public EngineOptions {
        Objects.requireNonNull(precision, "precision");
        if (threads < 0 || threads > RwkvOptions.MAX_THREADS) {
            throw new IllegalArgumentException(
                    "threads: expected 0 to " + RwkvOptions.MAX_THREADS + ", found " + threads);
        }
    }
}
