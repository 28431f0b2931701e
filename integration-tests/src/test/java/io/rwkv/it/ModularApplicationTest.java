package io.rwkv.it;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** The set-ups of a modular application that docs/embedding.md gives: compiled and run against the jars. */
class ModularApplicationTest {
    private static final String LIBRARY = "rwkv-.*|jackson-(core|databind|annotations)-2.*|slf4j-.*";
    private static final String MAIN = """
            package app;

            import io.rwkv.core.RwkvModel;
            import io.rwkv.demo.DemoModel;
            import io.rwkv.loader.Rwkv;
            import io.rwkv.tokenizer.Tokenizer;

            public class Main {
                public static void main(String[] args) throws Exception {
                    try (RwkvModel model = Rwkv.open(DemoModel.checkpoint())) {
                        int[] tokens = Tokenizer.load(DemoModel.tokenizer()).encode("A violin is");
                        System.out.println(Main.class.getModule() + ", engine " + model.engineName() + ", logits "
                                + model.logits(tokens, model.newState()).length);
                    }
                }
            }
            """;

    @TempDir
    Path folder;

    @Test
    void shouldRunOnTheSimdEngineWithoutNd4j() throws Exception {
        Path jdk = Build.jdk25();
        String output = compileAndRun(jdk, LIBRARY, "requires jdk.incubator.vector;",
                "--enable-native-access=io.rwkv.simd");
        assertTrue(output.contains("module app, engine simd, logits 4096"), output);
    }

    @Test
    void shouldRunOnNd4jFromTheClassPath() throws Exception {
        List<Path> nd4j = new ArrayList<>(Build.jars(".*\\.jar"));
        nd4j.removeAll(Build.jars(LIBRARY));
        String output = compileAndRun(Path.of(System.getProperty("java.home")),
                LIBRARY.replace("rwkv-.*", "rwkv-(?!simd).*"), "requires jdk.unsupported;", "-cp", join(nd4j));
        assertTrue(output.contains("module app, engine nd4j, logits 4096"), output);
    }

    private String compileAndRun(Path jdk, String jars, String requires, String... options) throws Exception {
        Path sources = Files.createDirectories(folder.resolve("src/app")).getParent();
        Path main = Files.writeString(sources.resolve("app/Main.java"), MAIN);
        Path module = Files.writeString(sources.resolve("module-info.java"), """
                module app {
                    requires io.rwkv.loader;
                    requires io.rwkv.core;
                    requires io.rwkv.tokenizer;
                    requires io.rwkv.demo;
                    requires com.fasterxml.jackson.databind;
                    requires org.slf4j;
                """ + requires + "}");
        String modulePath = join(Build.jars(jars));
        Path classes = folder.resolve("classes");
        Build.run(List.of(jdk.resolve("bin/javac").toString(), "-d", classes.toString(), "-p", modulePath,
                main.toString(),
                module.toString()));
        List<String> command = new ArrayList<>(List.of(jdk.resolve("bin/java").toString(), "-Xmx512m"));
        command.addAll(List.of(options));
        command.addAll(List.of("-p", modulePath + File.pathSeparator + classes, "-m", "app/app.Main"));
        return Build.run(command);
    }

    private static String join(List<Path> paths) {
        return paths.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }
}
