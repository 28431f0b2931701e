package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.demo.DemoModel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;

/** The demo model in a jar, whose files are copied out. In a JVM of its own, which knows no other folder for copies. */
class DemoModelInJarTest {
    @TempDir
    Path folder;

    /** Asks for the tokenizer, then again after the folder for copies was made. */
    public static void main(String[] args) throws IOException {
        Path copies = Path.of(System.getProperty("java.io.tmpdir"));
        for (int i = 0; i < 2; i++) {
            try {
                DemoModel.tokenizer();
            } catch (IOException e) {
                System.out.println("refused");
            }
        }
        Files.createDirectory(copies);
        Path file = DemoModel.tokenizer();
        System.out.println(Files.size(file) > 0 && file.startsWith(copies));
        System.out.println(DemoModel.tokenizer().equals(file));
    }

    @Test
    void shouldThrowWhatItPromisesAndTryAgain() throws Exception {
        Path jar = folder.resolve("demo.jar");
        try (OutputStream out = Files.newOutputStream(jar); JarOutputStream zip = new JarOutputStream(out)) {
            add(zip, DemoModel.class, "io/rwkv/demo/", List.of("DemoModel.class", "tokenizer.json"));
            add(zip, DemoModelInJarTest.class, "io/rwkv/loader/", List.of("DemoModelInJarTest.class"));
        }
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + folder.resolve("copies"), "-cp", jar.toString(),
                DemoModelInJarTest.class.getName()).redirectErrorStream(true).start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, child.waitFor(), output);
        // The JVM may say first that there is no such folder.
        List<String> lines = output.lines().filter(line -> !line.startsWith("WARNING")).toList();
        assertEquals(List.of("refused", "refused", "true", "true"), lines);
    }

    private static void add(JarOutputStream zip, Class<?> from, String folder, List<String> names) throws IOException {
        for (String name : names) {
            zip.putNextEntry(new ZipEntry(folder + name));
            try (InputStream in = from.getResourceAsStream(name)) {
                in.transferTo(zip);
            }
        }
    }
}
