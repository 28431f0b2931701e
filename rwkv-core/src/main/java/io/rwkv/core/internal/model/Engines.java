package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Chooses among the engines on the class path. */
public final class Engines {
    private static final Logger LOG = LoggerFactory.getLogger(Engines.class);
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private Engines() {
    }

    /**
     * A new engine of this name, or of the highest priority among those that can run.
     *
     * @throws IllegalArgumentException if there is no engine of this name, or it cannot do what the options ask for
     * @throws IllegalStateException if none can run; the message says what to add
     */
    public static Engine create(String name, EngineOptions options) {
        List<EngineProvider> providers = new ArrayList<>();
        ServiceLoader.load(EngineProvider.class, Engines.class.getClassLoader()).forEach(providers::add);
        providers.sort(Comparator.comparingInt(EngineProvider::priority).reversed());
        if (!name.equals("auto")) {
            List<String> names = providers.stream().map(EngineProvider::name).toList();
            providers.removeIf(p -> !p.name().equals(name));
            if (providers.isEmpty()) {
                throw new IllegalArgumentException("engine: expected auto or one of those on the class path, "
                        + names + ", found " + name);
            }
        }
        List<String> obstacles = new ArrayList<>();
        for (EngineProvider provider : providers) {
            Optional<String> obstacle = provider.obstacle();
            if (obstacle.isEmpty()) {
                obstacles.forEach(o -> once("Faster engine left out: " + o));
                LOG.debug("Using engine {}", provider.name());
                return provider.create(options);
            }
            obstacles.add(provider.name() + ": " + obstacle.get());
        }
        throw new IllegalStateException("no engine can run: " + String.join("; ", obstacles));
    }

    private static void once(String warning) {
        if (SAID.add(warning)) {
            LOG.warn(warning);
        }
    }
}
