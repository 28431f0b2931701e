package io.rwkv.core;

import java.util.Objects;

/**
 * How to load a model. Immutable; start from {@link #defaults()}.
 *
 * @param engine an engine's name, or {@code auto} for the fastest that can run
 * @param progress hears how far loading is
 */
public record RwkvOptions(String engine, LoadProgress progress) {
    /** Refuses nulls. */
    public RwkvOptions {
        Objects.requireNonNull(engine, "engine");
        Objects.requireNonNull(progress, "progress");
    }

    /** The fastest engine that can run, no listener. */
    public static RwkvOptions defaults() {
        return new RwkvOptions("auto", (done, total) -> {});
    }

    /** The same with this engine: a name, or {@code auto}. */
    public RwkvOptions withEngine(String name) {
        return new RwkvOptions(name, progress);
    }

    /** The same with this listener. */
    public RwkvOptions withProgress(LoadProgress listener) {
        return new RwkvOptions(engine, listener);
    }
}
