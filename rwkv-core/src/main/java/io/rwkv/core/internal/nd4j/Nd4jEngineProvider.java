package io.rwkv.core.internal.nd4j;

import io.rwkv.core.Precision;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;

import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.factory.Nd4jBackend;

import java.util.Optional;
import java.util.ServiceLoader;

/** Offers the ND4J engine wherever the application brings an ND4J backend. */
public final class Nd4jEngineProvider implements EngineProvider {
    private static final String MEMORY_LIMIT = "org.bytedeco.javacpp.maxphysicalbytes";

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Optional<String> obstacle() {
        // JavaCPP refuses memory once the process has three times the heap's limit, which weights off the heap soon reach,
        // and asks the system for that at each small allocation. An application's own setting stands.
        if (System.getProperty(MEMORY_LIMIT) == null) {
            System.setProperty(MEMORY_LIMIT, "0");
        }
        if (!backendVisibleTo(Thread.currentThread().getContextClassLoader())
                && !backendVisibleTo(Nd4jBackend.class.getClassLoader())) {
            return Optional.of("no ND4J backend on the class path; add the dependency org.nd4j:nd4j-native"
                    + " (CPU) or org.nd4j:nd4j-cuda-11.6 (NVIDIA GPU), version 1.0.0-M2.1");
        }
        try {
            Nd4j.getBackend();
            return Optional.empty();
        } catch (LinkageError | RuntimeException e) {
            return Optional.of("the ND4J backend on the class path does not start on this machine: " + rootOf(e));
        }
    }

    private static boolean backendVisibleTo(ClassLoader loader) {
        return ServiceLoader.load(Nd4jBackend.class, loader).findFirst().isPresent();
    }

    private static Throwable rootOf(Throwable e) {
        return e.getCause() == null ? e : rootOf(e.getCause());
    }

    @Override
    public Engine create(EngineOptions options) {
        if (options.precision() != Precision.AS_STORED && options.precision() != Precision.F32) {
            throw new IllegalArgumentException(
                    "precision: the engine nd4j holds weights as F32 only, found " + options.precision());
        }
        return new Nd4jEngine();
    }
}
