package io.rwkv.core.engine;

import java.util.Optional;

/** Registered with {@link java.util.ServiceLoader}; makes engines of one kind. */
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
