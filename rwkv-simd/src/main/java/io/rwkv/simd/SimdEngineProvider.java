package io.rwkv.simd;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;

import java.util.Optional;

/**
 * Offers the SIMD engine on Java 25 and later. This class alone is compiled for Java 17, so that on an older JVM it can say
 * what is missing.
 */
public final class SimdEngineProvider implements EngineProvider {
    private static final int RELEASE = 25;
    private static final String FLAGS = "--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED";

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
            return Optional.of("needs the JVM options " + FLAGS);
        }
        return Unobstructed.obstacle(FLAGS);
    }

    @Override
    public Engine create(EngineOptions options) {
        return Unobstructed.create(options);
    }

    /** Loaded only where its classes can be. */
    private static final class Unobstructed {
        static Optional<String> obstacle(String flags) {
            if (!SimdEngine.nativeAccess()) {
                return Optional.of("needs the JVM option --enable-native-access=ALL-UNNAMED (of " + flags + ")");
            }
            return Optional.ofNullable(Lanes.OBSTACLE);
        }

        static Engine create(EngineOptions options) {
            return new SimdEngine(options);
        }
    }
}
