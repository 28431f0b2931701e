package io.rwkv.core.internal.nd4j;

import org.bytedeco.javacpp.Pointer;

import java.util.Optional;

/**
 * JavaCPP, which ND4J stands on, refuses memory once the process has so many bytes, by default four times the heap's limit,
 * which weights off the heap soon reach. ND4J asks from native code, where the refusal is not handled: the JVM dies.
 */
final class MemoryLimit {
    private static final String PROPERTY = "org.bytedeco.javacpp.maxphysicalbytes";
    private static final String OTHER_SPELLING = "org.bytedeco.javacpp.maxPhysicalBytes";

    private MemoryLimit() {
    }

    /** Lifts the limit, unless the application has set one, or started JavaCPP, which reads it once. */
    static void lift() {
        if (System.getProperty(PROPERTY) == null && System.getProperty(OTHER_SPELLING) == null) {
            System.setProperty(PROPERTY, "0");
        }
    }

    /** Where there is a limit nevertheless, why so many bytes more would go beyond it. */
    static Optional<String> obstacle(long more) {
        long limit = Pointer.maxPhysicalBytes();
        if (limit <= 0) {
            return Optional.empty();
        }
        long now = Pointer.physicalBytes();
        return now + more <= limit
                ? Optional.empty()
                : Optional.of("JavaCPP's limit of memory: expected at most " + (limit >> 20)
                        + " MB in the whole process, found " + (now >> 20) + " MB and " + (more >> 20)
                        + " MB more needed; start the JVM with -D" + PROPERTY
                        + "=0, which lifts the limit, or set it higher");
    }

    /** @throws IllegalStateException if so many bytes more would go beyond a limit */
    static void check(long more) {
        if (Pointer.maxPhysicalBytes() > 0) {
            obstacle(more).ifPresent(o -> {
                throw new IllegalStateException(o);
            });
        }
    }
}
