package io.rwkv.core.internal;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;

/** Registers classes for {@link java.util.ServiceLoader} in a folder that only a context class loader sees. */
public final class ServiceFolder {
    private ServiceFolder() {
    }

    /** @param registered names of classes, which need not exist */
    public static ClassLoader loader(Path folder, Class<?> service, List<String> registered) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.write(services.resolve(service.getName()), registered);
        return new URLClassLoader(new URL[]{folder.toUri().toURL()}, ServiceFolder.class.getClassLoader());
    }

    /** Runs something in this thread with this context class loader. */
    public static <T> T in(ClassLoader loader, Callable<T> what) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            return what.call();
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
