package io.rwkv.core.engine;

import java.util.Optional;

/**
 * Makes engines of one kind. Registered with {@link java.util.ServiceLoader}, where the library's own class loader or the
 * context class loader of the thread that opens a model sees it. One whose methods throw, but for {@link #create}'s refusals,
 * is left out with a warning.
 */
public interface EngineProvider {
    /** The name users choose it by, such as {@code nd4j}. */
    String name();

    /** Where several can run, the one with the highest number is taken. The ND4J engine has 0. */
    int priority();

    /** Why it cannot run in this JVM, in a sentence that says what to add or change; empty if it can. */
    Optional<String> obstacle();

    /**
     * A new engine without weights.
     *
     * @throws IllegalArgumentException if it cannot do what the options ask for
     */
    Engine create(EngineOptions options);
}
