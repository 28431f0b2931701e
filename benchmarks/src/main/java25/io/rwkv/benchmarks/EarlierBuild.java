package io.rwkv.benchmarks;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
    private final Class<?> modelClass;
    private List<Object> states;
    private List<int[]> tokens; // of the steps, by sequence, as are the next
    private List<float[]> logits;
    private List<Object> steps;
    private Method forward;

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
            modelClass = classes.loadClass("io.rwkv.core.RwkvModel");
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
    public void clear(int sequences) {
        states = new ArrayList<>();
        logits = new ArrayList<>();
        steps = null;
        for (int i = 0; i < sequences; i++) {
            states.add(call(newState, model));
            logits.add(null);
        }
    }

    @Override
    public void read(int[] tokens) {
        logits.set(0, (float[]) call(read, model, tokens, states.get(0)));
    }

    @Override
    public float[] logits() {
        return logits.get(0);
    }

    @Override
    public void readTogether(int[] next) {
        if (steps == null) {
            makeSteps();
        }
        for (int i = 0; i < next.length; i++) {
            tokens.get(i)[0] = next[i];
        }
        call(forward, model, steps);
    }

    /** Only here: builds before these calls can still read one text. */
    private void makeSteps() {
        try {
            forward = modelClass.getMethod("forward", List.class);
            Class<?> step = classes.loadClass("io.rwkv.core.Step");
            Method of = step.getMethod("of", int[].class, states.get(0).getClass());
            Method into = step.getMethod("into", float[].class);
            Object config = call(modelClass.getMethod("config"), model);
            int vocabulary = (int) call(config.getClass().getMethod("vocabularySize"), config);
            tokens = new ArrayList<>();
            steps = new ArrayList<>();
            for (int i = 0; i < states.size(); i++) {
                tokens.add(new int[1]);
                logits.set(i, new float[vocabulary]);
                steps.add(call(into, call(of, null, tokens.get(i), states.get(i)), logits.get(i)));
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the earlier build cannot read several texts together", e);
        }
    }

    @Override
    public float[] logits(int sequence) {
        return logits.get(sequence);
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
