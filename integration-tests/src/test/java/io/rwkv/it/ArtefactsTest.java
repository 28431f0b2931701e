package io.rwkv.it;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What each jar has to hold, whichever module it is of. */
class ArtefactsTest {
    /** Some of the modules that are shipped; so that a test that finds no jars fails. */
    private static final Set<String> LIBRARY = Set.of("rwkv", "rwkv-text", "rwkv-tokenizer", "rwkv-core", "rwkv-loader",
            "rwkv-simd",
            "rwkv-demo-model");

    @TestFactory
    Stream<DynamicTest> shouldHoldLicenceAndNotice() throws IOException {
        List<Path> artefacts = Build.artefacts();
        assertTrue(artefacts.size() >= LIBRARY.size(), artefacts::toString);
        return artefacts.stream().map(path -> DynamicTest.dynamicTest(path.getFileName().toString(), () -> {
            if (path.getFileName().toString().startsWith("rwkv-simd-")) {
                Build.jdk25(); // else the jar is empty
            }
            try (JarFile jar = new JarFile(path.toFile())) {
                assertTrue(text(jar, "META-INF/LICENSE").contains("Apache License"));
                assertTrue(text(jar, "META-INF/NOTICE").contains("WordNet"));
            }
        }));
    }

    @Test
    void shouldHoldTheLicencesOfTheirData() throws IOException {
        try (JarFile jar = new JarFile(Build.jars("rwkv-demo-model-.*").get(0).toFile())) {
            assertTrue(text(jar, "META-INF/LICENSE.wordnet").contains("Princeton University"));
        }
        try (JarFile jar = new JarFile(Build.jars("rwkv-tokenizer-.*").get(0).toFile())) {
            assertTrue(text(jar, "META-INF/LICENSE.unicode").contains("UNICODE LICENSE V3"));
        }
    }

    @Test
    void shouldHaveAModuleNameEachAndNoPackageTwice() throws IOException {
        Map<String, List<String>> names = new TreeMap<>();
        Map<String, List<String>> packages = new TreeMap<>();
        Set<String> found = new TreeSet<>();
        for (Path path : Build.jars("rwkv(-.*)?-" + Build.VERSION + "\\.jar")) {
            String file = path.getFileName().toString();
            found.add(file.replace("-" + Build.VERSION + ".jar", ""));
            try (JarFile jar = new JarFile(path.toFile())) {
                Manifest manifest = jar.getManifest();
                String name = manifest.getMainAttributes().getValue("Automatic-Module-Name");
                assertNotNull(name, file);
                names.computeIfAbsent(name, n -> new ArrayList<>()).add(file);
                for (String folder : jar.stream().map(e -> e.getName()).filter(e -> e.endsWith(".class"))
                        .map(e -> e.substring(0, e.lastIndexOf('/'))).collect(Collectors.toCollection(TreeSet::new))) {
                    packages.computeIfAbsent(folder, p -> new ArrayList<>()).add(file);
                }
            }
        }
        assertTrue(found.containsAll(LIBRARY), found::toString);
        for (Map<String, List<String>> owners : List.of(names, packages)) {
            owners.forEach((name, files) -> assertEquals(1, files.size(), () -> name + " in " + files));
            assertFalse(owners.isEmpty());
        }
    }

    private static String text(JarFile jar, String name) throws IOException {
        assertNotNull(jar.getEntry(name), () -> name + " is missing from " + jar.getName());
        return new String(jar.getInputStream(jar.getEntry(name)).readAllBytes());
    }
}
