package io.rwkv.core.internal;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM of its own with this one's class path, for what ends a JVM. Killed when closed. */
final class ControlledJvm implements Closeable {
    private final Process process;
    private final BufferedReader out;

    ControlledJvm(Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-cp",
                System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        out = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Waits for a line of output; what comes instead is in the error. */
    void awaitLine(String expected) throws IOException {
        String line = out.readLine();
        if (!expected.equals(line)) {
            StringBuilder rest = new StringBuilder();
            out.lines().forEach(l -> rest.append(l).append('\n'));
            throw new AssertionError("expected " + expected + ", found " + line + "\n" + rest);
        }
    }

    /** Lets it go on from where it reads a line. */
    void nudge() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }

    /** SIGTERM, where there are signals. */
    void terminate() {
        process.toHandle().destroy(); // unlike the process's own, leaves its streams open
    }

    /** SIGKILL. */
    void kill() throws InterruptedException {
        process.toHandle().destroyForcibly();
        process.waitFor();
    }

    /** Its remaining output, after it has ended. */
    String awaitEnd() throws InterruptedException {
        StringBuilder rest = new StringBuilder();
        out.lines().forEach(line -> rest.append(line).append('\n'));
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("still running\n" + rest);
        }
        return rest.toString();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
