package io.rwkv.benchmarks;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Another build of this library, by its default engine and options. Its classes are loaded from its jars beside ours, so
 * that both take turns in one process. Only the few calls named here have to be the same in both.
 */
final class EarlierBuild implements Contender {
    private final URLClassLoader classes;
    private final AutoCloseable model;
    private final Method newState;
    private final Method read;
    private Object state;
    private float[] logits;

    /**
     * @param jars a folder of all jars that the build needs, as {@code benchmarks/target/lib} is
     * @throws IOException if there are none, or the build cannot open the checkpoint
     */
    EarlierBuild(Path jars, Path checkpoint) throws IOException {
        classes = new URLClassLoader("earlier build", urls(jars), ClassLoader.getPlatformClassLoader());
        Thread thread = Thread.currentThread();
        ClassLoader ours = thread.getContextClassLoader();
        thread.setContextClassLoader(classes); // logging looks there
        try {
            Class<?> modelClass = classes.loadClass("io.rwkv.core.RwkvModel");
            Class<?> stateClass = classes.loadClass("io.rwkv.core.RwkvState");
            newState = modelClass.getMethod("newState");
            read = modelClass.getMethod("logits", int[].class, stateClass);
            model = (AutoCloseable) classes.loadClass("io.rwkv.loader.Rwkv").getMethod("open", Path.class)
                    .invoke(null, checkpoint);
        } catch (ReflectiveOperationException e) {
            classes.close();
            throw new IOException("the build in " + jars + " cannot open " + checkpoint, e);
        } finally {
            thread.setContextClassLoader(ours);
        }
        clear();
    }

    private static URL[] urls(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> jars = files.filter(f -> f.toString().endsWith(".jar")).toList();
            if (jars.stream().noneMatch(j -> j.getFileName().toString().startsWith("rwkv-simd-"))) {
                throw new IOException(folder + ": expected the jars of a build of this library, found "
                        + jars.size() + " jars, none of them rwkv-simd");
            }
            URL[] urls = new URL[jars.size()];
            for (int i = 0; i < urls.length; i++) {
                urls[i] = jars.get(i).toUri().toURL();
            }
            return urls;
        }
    }

    private static Object call(Method method, Object on, Object... arguments) {
        try {
            return method.invoke(on, arguments);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("the earlier build failed", e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void clear() {
        state = call(newState, model);
    }

    @Override
    public void read(int[] tokens) {
        logits = (float[]) call(read, model, tokens, state);
    }

    @Override
    public float[] logits() {
        return logits;
    }

    @Override
    public void close() {
        try {
            model.close();
            classes.close();
        } catch (Exception e) {
            throw new IllegalStateException("the earlier build failed to close", e);
        }
    }
}
