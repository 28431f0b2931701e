package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Runs a program in a JVM of its own, of the same kind as this one: for what an option or a class path decides. */
public final class ChildJvm {
    private static final int MINUTES = 5; // after which it hangs

    private final List<String> options = new ArrayList<>();
    private List<String> classPath = List.of(System.getProperty("java.class.path").split(File.pathSeparator));

    /** What became of it, and all that it said. */
    public record Outcome(int exit, String output) {}

    /** Adds options of the JVM. */
    public ChildJvm with(String... more) {
        options.addAll(Arrays.asList(more));
        return this;
    }

    /** Leaves files and folders out of this JVM's class path. */
    public ChildJvm without(Predicate<Path> unwanted) {
        classPath = classPath.stream().filter(entry -> !unwanted.test(Path.of(entry))).toList();
        return this;
    }

    /** Puts a file or folder before all others on the class path. */
    public ChildJvm first(Path entry) {
        List<String> entries = new ArrayList<>(List.of(entry.toString()));
        entries.addAll(classPath);
        classPath = entries;
        return this;
    }

    /** Where a class was loaded from: a jar or a folder. */
    public static Path placeOf(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** Whether it is one of ND4J's jars, be it the API's or a backend's. */
    public static boolean isNd4j(Path entry) {
        return entry.getFileName().toString().matches("(nd4j|openblas|javacpp)-.*\\.jar");
    }

    /** Whether it is one of the jars of ND4J's backend. */
    public static boolean isBackend(Path entry) {
        return entry.getFileName().toString().matches("(nd4j-native|openblas)-.*\\.jar");
    }

    /** Runs a class's main method to its end. */
    public Outcome run(Class<?> main, String... args) {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(options);
        command.add("-cp");
        command.add(classPath.stream().collect(Collectors.joining(File.pathSeparator)));
        command.add(main.getName());
        command.addAll(Arrays.asList(args));
        try {
            Path output = Files.createTempFile("child", ".log");
            try {
                ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                        .redirectOutput(output.toFile());
                builder.environment().put("OMP_WAIT_POLICY", "passive");
                Process process = builder.start();
                if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
                    process.destroyForcibly();
                    fail("still running after " + MINUTES + " minutes: " + read(output));
                }
                return new Outcome(process.exitValue(), read(output));
            } finally {
                Files.deleteIfExists(output);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static String read(Path output) throws IOException {
        return new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
    }
}
