package io.rwkv.core.internal.nd4j;

import org.nd4j.common.config.ND4JClassLoading;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.factory.Nd4jBackend;

import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * Starts ND4J once. Its first use must not fail, since the JVM then refuses it for ever: it is not tried before a backend has
 * been seen. ND4J looks for everything with the context class loader of the thread that uses it first, which may be any; here
 * it is given one that sees the backend.
 */
final class Nd4jStart {
    private static final String ADD = "add the dependency org.nd4j:nd4j-native (CPU) or org.nd4j:nd4j-cuda-11.6 (NVIDIA GPU),"
            + " version 1.0.0-M2.1";

    /** What its start takes, some 40 MB for a CPU, and something to work with. */
    private static final long START_BYTES = 64L << 20;

    private static volatile boolean running;
    private static String failure; // of a start, after which there is no other; guarded by this class

    private Nd4jStart() {
    }

    /** Why ND4J cannot run; empty if it runs. */
    static Optional<String> obstacle() {
        return running ? Optional.empty() : start();
    }

    private static synchronized Optional<String> start() {
        if (running) {
            return Optional.empty();
        }
        if (failure != null) {
            return Optional.of(failure);
        }
        try {
            // Without nd4j-api the class below cannot be linked.
            Class.forName("org.nd4j.linalg.factory.Nd4jBackend", false, Nd4jStart.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            return Optional.of("ND4J is not on the class path; " + ADD);
        }
        MemoryLimit.lift();
        ClassLoader loader = Present.loader();
        if (loader == null) {
            return Optional.of("no ND4J backend on the class path; " + ADD); // another thread may see one
        }
        Optional<String> limit = MemoryLimit.obstacle(START_BYTES);
        if (limit.isPresent()) {
            return limit;
        }
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            Present.start(loader);
            running = true;
            return Optional.empty();
        } catch (LinkageError | RuntimeException e) {
            failure = "the ND4J backend on the class path does not start on this machine: " + rootOf(e);
            return Optional.of(failure);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null ? e : rootOf(e.getCause());
    }

    /** Loaded only where ND4J's classes can be. */
    private static final class Present {
        private Present() {
        }

        /** The first that sees a backend. The context's comes last, so that it is not held on to without need. */
        static ClassLoader loader() {
            ClassLoader[] candidates = {Nd4jBackend.class.getClassLoader(), Nd4jStart.class.getClassLoader(),
                    Thread.currentThread().getContextClassLoader()};
            for (ClassLoader candidate : candidates) {
                if (seesBackend(candidate)) {
                    return candidate;
                }
            }
            // The application may have started ND4J already, or told it where to look.
            ClassLoader own = ND4JClassLoading.getNd4jClassloader();
            return seesBackend(own) ? own : null;
        }

        static void start(ClassLoader loader) {
            if (!seesBackend(ND4JClassLoading.getNd4jClassloader())) {
                ND4JClassLoading.setNd4jClassloader(loader);
            }
            Nd4j.getBackend();
        }

        private static boolean seesBackend(ClassLoader loader) {
            try {
                // Not instantiated: that is ND4J's to do.
                return loader != null && ServiceLoader.load(Nd4jBackend.class, loader).stream().findFirst().isPresent();
            } catch (ServiceConfigurationError | LinkageError e) {
                return false; // such as the backend of another copy of ND4J
            }
        }
    }
}
