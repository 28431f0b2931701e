package io.rwkv.core.engine;

import java.util.Optional;

/**
 * Makes engines of one kind. Safe for any number of threads. Registered for {@link java.util.ServiceLoader}, which looks with
 * the library's own class loader and with the context class loader of the thread that opens a model. A provider that cannot be
 * loaded, or whose methods fail, is left out with a warning; only what {@link #create} throws reaches the caller, unless it is a
 * {@link LinkageError}.
 */
public interface EngineProvider {
    /** The name by which users choose the engine, such as {@code nd4j}. */
    String name();

    /** Of the engines that can run, the one with the highest priority is used. The ND4J engine has 0. */
    int priority();

    /** Why the engine cannot run in this JVM, with what to add or change; empty if it can run. */
    Optional<String> obstacle();

    /**
     * Makes an engine that has no weights yet. The caller closes it.
     *
     * @throws IllegalArgumentException if the engine cannot do what the options ask for
     */
    Engine create(EngineOptions options);
}
