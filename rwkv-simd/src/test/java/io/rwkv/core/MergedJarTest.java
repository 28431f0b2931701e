package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.internal.model.Engines;
import io.rwkv.loader.Rwkv;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/** The simd engine found by a core that was packed with it, or that another class loader has. */
@DisabledIfSystemProperty(named = "rwkv.simd.bits", matches = ".+", disabledReason = "once is enough: of no matter for widths")
class MergedJarTest {
    private static final Path SIMD;

    static {
        try {
            SIMD = ChildJvm.placeOf(Class.forName("io.rwkv.simd.SimdEngineProvider"));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Path> modules() {
        return new ArrayList<>(List.of(ChildJvm.placeOf(RwkvModel.class), ChildJvm.placeOf(Rwkv.class),
                ChildJvm.placeOf(Tokenizer.class), SIMD));
    }

    /** As careless packers do it: of files of the same name the last one stays. */
    private static void merge(List<Path> modules, Path jar) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (Path module : modules) {
            if (Files.isDirectory(module)) {
                try (Stream<Path> inside = Files.walk(module)) {
                    for (Path file : inside.filter(Files::isRegularFile).toList()) {
                        files.put(module.relativize(file).toString().replace('\\', '/'), Files.readAllBytes(file));
                    }
                }
            } else {
                try (JarFile from = new JarFile(module.toFile())) {
                    for (Enumeration<JarEntry> entries = from.entries(); entries.hasMoreElements();) {
                        JarEntry entry = entries.nextElement();
                        try (InputStream in = from.getInputStream(entry)) {
                            if (!entry.isDirectory()) {
                                files.put(entry.getName(), in.readAllBytes());
                            }
                        }
                    }
                }
            }
        }
        try (OutputStream out = Files.newOutputStream(jar); JarOutputStream zip = new JarOutputStream(out)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                zip.putNextEntry(new JarEntry(file.getKey()));
                zip.write(file.getValue());
                zip.closeEntry();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aJarOfAllModulesShouldLoseNoEngine(boolean backwards, @TempDir Path folder) throws IOException {
        List<Path> modules = modules();
        if (backwards) {
            Collections.reverse(modules);
        }
        Path jar = folder.resolve("application.jar");
        merge(modules, jar);
        ChildJvm.Outcome outcome = new ChildJvm()
                .with("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED")
                .without(entry -> ChildJvm.isNd4j(entry) || modules.contains(entry)).first(jar)
                .run(WithoutNd4j.class, "not on the class path");
        assertEquals(0, outcome.exit(), outcome.output());
        assertTrue(outcome.output().contains("engine simd"), outcome.output());
    }

    private static URL[] urls(List<Path> entries) throws MalformedURLException {
        URL[] urls = new URL[entries.size()];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = entries.get(i).toUri().toURL();
        }
        return urls;
    }

    /** As application servers and plug-ins have it. */
    @Test
    void anEngineInAChildLoaderShouldBeFoundByThreadsWithThatContext() throws Exception {
        List<Path> shared = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of).filter(entry -> !entry.equals(SIMD) && !ChildJvm.isNd4j(entry)).toList();
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader server = new URLClassLoader(urls(shared), ClassLoader.getPlatformClassLoader());
                URLClassLoader plugIn = new URLClassLoader(urls(List.of(SIMD)), server)) {
            thread.setContextClassLoader(server);
            Throwable thrown = assertThrows(InvocationTargetException.class, () -> engineName(server)).getCause();
            assertEquals(IllegalStateException.class, thrown.getClass());
            thread.setContextClassLoader(plugIn);
            assertEquals("simd", engineName(server));
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private static String engineName(ClassLoader loader) throws ReflectiveOperationException {
        Class<?> options = loader.loadClass(EngineOptions.class.getName());
        Object builder = options.getMethod("builder").invoke(null);
        Object wanted = builder.getClass().getMethod("build").invoke(builder);
        Object engine = loader.loadClass(Engines.class.getName()).getMethod("create", String.class, options)
                .invoke(null, "auto", wanted);
        Class<?> type = loader.loadClass(Engine.class.getName());
        try {
            return (String) type.getMethod("name").invoke(engine);
        } finally {
            type.getMethod("close").invoke(engine);
        }
    }
}
