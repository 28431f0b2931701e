package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.EngineProvider;
import io.rwkv.core.internal.Providers;
import io.rwkv.core.internal.nd4j.Nd4jEngineProvider;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Chooses among the engines: this module's own and those that others register. */
public final class Engines {
    private static final Logger LOG = LoggerFactory.getLogger(Engines.class);
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    /** What a provider says of itself, asked once. */
    private record Candidate(EngineProvider provider, String name, int priority) {}

    private Engines() {
    }

    /**
     * A new engine of this name, or of the highest priority among those that can run.
     *
     * @throws IllegalArgumentException if there is no engine of this name, or it cannot do what the options ask for
     * @throws IllegalStateException if none can run; the message says what to add
     */
    public static Engine create(String name, EngineOptions options) {
        // Not registered: where jars are merged into one, files of the same name overwrite each other, and this module's would
        // take away another's.
        List<EngineProvider> providers = new ArrayList<>(List.of(new Nd4jEngineProvider()));
        Providers.of(EngineProvider.class).stream().filter(p -> !(p instanceof Nd4jEngineProvider))
                .forEach(providers::add);
        return create(name, options, providers);
    }

    static Engine create(String name, EngineOptions options, List<EngineProvider> providers) {
        List<Candidate> candidates = candidates(providers);
        if (!name.equals("auto")) {
            List<String> names = candidates.stream().map(Candidate::name).toList();
            candidates.removeIf(c -> !c.name.equals(name));
            if (candidates.isEmpty()) {
                throw new IllegalArgumentException("engine: expected auto or one of those on the class path, "
                        + names + ", found " + name);
            }
        }
        List<String> obstacles = new ArrayList<>();
        for (Candidate candidate : candidates) {
            Optional<String> obstacle = obstacle(candidate);
            if (obstacle.isEmpty()) {
                try {
                    Engine engine = candidate.provider.create(options);
                    obstacles.forEach(o -> once("Faster engine left out: " + o));
                    LOG.debug("Using engine {}", candidate.name);
                    return engine;
                } catch (LinkageError e) {
                    obstacle = failure(candidate, e);
                }
            }
            obstacles.add(candidate.name + ": " + obstacle.get());
        }
        throw new IllegalStateException("no engine can run: " + String.join("; ", obstacles));
    }

    /** Highest priority first. */
    private static List<Candidate> candidates(List<EngineProvider> providers) {
        List<Candidate> candidates = new ArrayList<>();
        for (EngineProvider provider : providers) {
            try {
                candidates.add(new Candidate(provider, provider.name(), provider.priority()));
            } catch (LinkageError | RuntimeException e) {
                Providers.leftOut(provider.getClass().getName(), e);
            }
        }
        candidates.sort(Comparator.comparingInt(Candidate::priority).reversed());
        return candidates;
    }

    private static Optional<String> obstacle(Candidate candidate) {
        try {
            return candidate.provider.obstacle();
        } catch (LinkageError | RuntimeException e) {
            return failure(candidate, e);
        }
    }

    private static Optional<String> failure(Candidate candidate, Throwable reason) {
        LOG.debug("Engine {} failed", candidate.name, reason);
        return Optional.of(candidate.provider.getClass().getName() + " failed with " + reason);
    }

    private static void once(String warning) {
        if (SAID.add(warning)) {
            LOG.warn(warning);
        }
    }
}
