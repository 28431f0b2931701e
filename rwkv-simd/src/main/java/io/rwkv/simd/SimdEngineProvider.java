package io.rwkv.simd;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;

import java.util.Optional;

/**
 * Makes the engine {@code simd}, which computes on the CPU and needs Java 25. Applications do not use this class:
 * {@code Rwkv.open} finds it. It is compiled for Java 17, unlike the engine itself, so that it can say on an older JVM what is
 * missing. Safe for any number of threads.
 */
public final class SimdEngineProvider implements EngineProvider {
    private static final int RELEASE = 25;

    @Override
    public String name() {
        return "simd";
    }

    @Override
    public int priority() {
        return 10;
    }

    @Override
    public Optional<String> obstacle() {
        int release = Runtime.version().feature();
        if (release < RELEASE) {
            return Optional.of("needs Java " + RELEASE + " or later, found " + release);
        }
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return Optional.of("needs the JVM options --add-modules jdk.incubator.vector " + nativeAccess());
        }
        try {
            return Unobstructed.obstacle(nativeAccess());
        } catch (LinkageError e) {
            return Optional.of("does not start in this JVM: " + rootOf(e));
        }
    }

    private static String nativeAccess() {
        Module module = SimdEngineProvider.class.getModule();
        return "--enable-native-access=" + (module.isNamed() ? module.getName() : "ALL-UNNAMED");
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null ? e : rootOf(e.getCause());
    }

    @Override
    public Engine create(EngineOptions options) {
        return Unobstructed.create(options);
    }

    /** Loaded only where its classes can be. */
    private static final class Unobstructed {
        static Optional<String> obstacle(String option) {
            if (!SimdEngine.nativeAccess()) {
                return Optional.of("needs the JVM option " + option);
            }
            return Jit.obstacleHere().or(SimdEngine::obstacle);
        }

        static Engine create(EngineOptions options) {
            return new SimdEngine(options);
        }
    }
}
