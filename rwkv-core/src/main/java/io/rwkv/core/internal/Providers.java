package io.rwkv.core.internal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Finds what other modules register with {@link ServiceLoader}, wherever class loaders have put them: the library's own is
 * asked first, then the calling thread's context class loader, which in application servers and plug-ins sees more. One that
 * cannot be loaded is left out with a warning and does not keep the others away. Thread-safe.
 */
public final class Providers {
    private static final Logger LOG = LoggerFactory.getLogger(Providers.class);
    /** A class path that cannot be read fails again and again. */
    private static final int MOST_FAILURES = 100;
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private Providers() {
    }

    /** A new instance of each class that is registered, in the order of the class path. */
    public static <T> List<T> of(Class<T> service) {
        Set<ClassLoader> loaders = new LinkedHashSet<>();
        loaders.add(service.getClassLoader());
        loaders.add(Thread.currentThread().getContextClassLoader());
        loaders.remove(null);
        List<T> found = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (ClassLoader loader : loaders) {
            collect(service, loader, names, found);
        }
        return found;
    }

    private static <T> void collect(Class<T> service, ClassLoader loader, Set<String> names, List<T> found) {
        Iterator<ServiceLoader.Provider<T>> providers = ServiceLoader.load(service, loader).stream().iterator();
        for (int failures = 0; failures < MOST_FAILURES;) {
            String name = service.getName();
            try {
                if (!providers.hasNext()) {
                    return;
                }
                ServiceLoader.Provider<T> provider = providers.next();
                name = provider.type().getName();
                if (names.add(name)) {
                    found.add(provider.get());
                }
            } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
                failures++;
                leftOut(name, e);
            }
        }
    }

    /** Says once that a provider is not used, and why. */
    public static void leftOut(String provider, Throwable reason) {
        String warning = provider + " left out, for it cannot be used here: " + reason;
        if (SAID.add(warning)) {
            LOG.warn(warning, reason);
        }
    }
}
