package io.rwkv.core.internal.events;

/**
 * Begins events. What is recorded by nobody costs a comparison and makes no object. Other modules have event classes of their
 * own, and name them only where {@link #arePresent()} is true. Safe for any number of threads.
 */
public final class Events {
    private static final boolean PRESENT = find();

    private Events() {
    }

    private static boolean find() {
        try {
            // Asked of this class's own loader, which decides whether the event classes can be loaded: a module or a plug-in
            // may not see what the JVM has.
            Class.forName("jdk.jfr.Event", false, Events.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            return false;
        }
    }

    /** Whether classes that extend {@code jdk.jfr.Event} can be loaded. */
    public static boolean arePresent() {
        return PRESENT;
    }

    /** A model begins to load; null if nobody records that. */
    public static LoadSpan load() {
        return PRESENT ? LoadEvent.start() : null;
    }

    /** A call of a model begins to compute; null if nobody records that. */
    public static ForwardSpan forward() {
        return PRESENT ? ForwardEvent.start() : null;
    }
}
