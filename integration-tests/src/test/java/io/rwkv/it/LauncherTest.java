package io.rwkv.it;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * {@code bin/rwkv} in a checkout of one source file, with a Maven that copies that file into a "jar" and a Java that prints
 * it. Either waits, where the test says so, for a file named {@code go}.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
    private static final String MAVEN = """
            #!/usr/bin/env bash
            set -eu
            for argument; do
                case $argument in -Drwkv.lib=*) lib=${argument#*=} ;; esac
            done
            echo build >>builds
            mkdir -p "$lib" rwkv-x/target
            cp rwkv-x/src/main/source "$lib/source.jar.part"
            if [ -n "${MAVEN_WAITS:-}" ]; then
                touch waiting
                until [ -e go ]; do sleep 0.05; done
            else
                sleep 0.3
            fi
            if [ -n "${MAVEN_FAILS:-}" ]; then
                echo "no such plug-in" >&2
                exit 1
            fi
            mv "$lib/source.jar.part" "$lib/source.jar"
            """;
    private static final String JAVA = """
            #!/usr/bin/env bash
            set -eu
            while [ "$1" != -cp ]; do shift; done
            lib=${2%/*}
            if [ "${4:-}" = wait ]; then
                touch "$5"
                until [ -e go ]; do sleep 0.05; done
            fi
            cat "$lib/source.jar"
            """;

    @TempDir
    Path root;
    private Path source;
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void makeCheckout() throws Exception {
        for (String file : List.of("bin/rwkv", "tools/command.sh", "tools/jdks.sh", "tools/jdk-folders")) {
            Files.createDirectories(root.resolve(file).getParent());
            Files.copy(Build.ROOT.resolve(file), root.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
        }
        source = root.resolve("rwkv-x/src/main/source");
        Files.createDirectories(source.getParent());
        Files.writeString(source, "one\n");
        Files.writeString(root.resolve("pom.xml"), "");
        Files.writeString(root.resolve("rwkv-x/pom.xml"), "");
        script("stubs/mvn", MAVEN);
        script("jdk/bin/java", JAVA);
        script("jdk/bin/javac", "");
        Files.writeString(root.resolve("jdk/release"), "JAVA_VERSION=\"17.0.1\"\n");
    }

    @AfterEach
    void endAll() throws Exception {
        Files.writeString(root.resolve("go"), "");
        for (Process process : started) {
            process.waitFor();
        }
    }

    @Test
    void shouldBuildOnceWhenManyStartAtOnce() throws Exception {
        for (int i = 0; i < 6; i++) {
            start(Map.of());
        }
        for (Process process : started) {
            assertEquals("one\n", output(process));
        }
        assertEquals(1, builds());
        assertEquals("one\n", output(start(Map.of())));
        assertEquals(1, builds());
    }

    @Test
    void shouldLeaveARunningCommandItsJars() throws Exception {
        Process running = start(Map.of(), "wait", "running");
        await("running");
        Files.writeString(source, "two\n");
        assertEquals("two\n", output(start(Map.of())));
        assertEquals(2, folders().size());
        Files.writeString(root.resolve("go"), "");
        assertEquals("one\n", output(running));
        Files.writeString(source, "three\n");
        assertEquals("three\n", output(start(Map.of())));
        assertEquals(1, folders().size());
    }

    @Test
    void shouldTakeWhatIsEditedDuringABuildForNewer() throws Exception {
        Process first = start(Map.of("MAVEN_WAITS", "1"));
        await("waiting");
        Files.writeString(source, "two\n");
        Files.writeString(root.resolve("go"), "");
        assertEquals("one\n", output(first));
        assertEquals("two\n", output(start(Map.of())));
    }

    @Test
    void shouldGoOnWithWhatThereWasWhenABuildIsInterrupted() throws Exception {
        assertEquals("one\n", output(start(Map.of())));
        String before = Files.readString(root.resolve(".rwkv/current"));
        Files.writeString(source, "two\n");
        Process interrupted = start(Map.of("MAVEN_WAITS", "1"));
        await("waiting");
        // As the terminal does it, all of them; the shell waits for Maven.
        interrupted.destroy();
        interrupted.descendants().forEach(ProcessHandle::destroy);
        assertNotEquals(0, interrupted.waitFor());
        assertEquals(before, Files.readString(root.resolve(".rwkv/current")));
        assertEquals(1, folders().size());
        assertFalse(Files.exists(root.resolve(".rwkv/lock")));
        assertEquals("two\n", output(start(Map.of())));
    }

    @Test
    void shouldRemoveWhatAKilledBuildLeft() throws Exception {
        Process killed = start(Map.of("MAVEN_WAITS", "1"));
        await("waiting");
        killed.descendants().forEach(ProcessHandle::destroyForcibly);
        killed.destroyForcibly().waitFor();
        Path half = Files.writeString(root.resolve("rwkv-x/target/half.jar"), "half");
        assertTrue(Files.exists(root.resolve(".rwkv/lock")));
        assertEquals("one\n", output(start(Map.of())));
        assertFalse(Files.exists(half));
        assertFalse(Files.exists(root.resolve(".rwkv/lock")));
        assertEquals(1, folders().size());
    }

    @Test
    void shouldTakeOverALockOnlyOfADeadProcess() throws Exception {
        Path lock = Files.createDirectories(root.resolve(".rwkv/lock"));
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Files.writeString(lock.resolve("owner"), dead.pid() + " " + host() + "\n");
        assertEquals("one\n", output(start(Map.of())));

        Files.createDirectories(lock);
        Files.writeString(lock.resolve("owner"), ProcessHandle.current().pid() + " " + host() + "\n");
        Files.writeString(source, "two\n");
        Process waiting = start(Map.of());
        Path errors = errors(started.size());
        while (!Files.readString(errors)
                .contains("waiting for the build of process " + ProcessHandle.current().pid())) {
            assertTrue(waiting.isAlive());
            Thread.sleep(20);
        }
        assertEquals(1, builds());
        Files.delete(lock.resolve("owner"));
        Files.delete(lock);
        assertEquals("two\n", output(waiting));
    }

    @Test
    void shouldShowWhyABuildFailedAndLeaveWhatThereWas() throws Exception {
        assertEquals("one\n", output(start(Map.of())));
        Files.writeString(source, "two\n");
        Process failed = start(Map.of("MAVEN_FAILS", "1"));
        assertEquals(1, failed.waitFor());
        assertTrue(Files.readString(errors(started.size())).contains("no such plug-in"));
        assertEquals(1, folders().size());
        assertEquals("two\n", output(start(Map.of())));
    }

    @Test
    void shouldRunFromACheckoutThatCannotBeWritten() throws Exception {
        assertEquals("one\n", output(start(Map.of())));
        Path users = root.resolve(".rwkv/users");
        try (Stream<Path> files = Files.list(users)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(users);
        Files.writeString(users, ""); // the same for root, whom permissions do not stop
        assertEquals("one\n", output(start(Map.of())));
    }

    private Process start(Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(root.resolve("bin/rwkv").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(root.toFile())
                .redirectError(errors(started.size() + 1).toFile());
        builder.environment().put("PATH", root.resolve("stubs") + ":" + System.getenv("PATH"));
        builder.environment().put("RWKV_JAVA", root.resolve("jdk").toString());
        builder.environment().put("HOME", root.toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        started.add(process);
        return process;
    }

    /** Where the n-th process, counted from 1, writes its errors. */
    private Path errors(int n) {
        return root.resolve("errors-" + n);
    }

    private String output(Process process) throws Exception {
        String text = new String(process.getInputStream().readAllBytes());
        int status = process.waitFor();
        assertEquals(0, status, () -> started.indexOf(process) + 1 + ": " + status);
        return text;
    }

    private void await(String file) throws Exception {
        while (!Files.exists(root.resolve(file))) {
            assertTrue(started.get(started.size() - 1).isAlive());
            Thread.sleep(20);
        }
    }

    private int builds() throws IOException {
        return Files.readAllLines(root.resolve("builds")).size();
    }

    private List<Path> folders() throws IOException {
        try (Stream<Path> files = Files.list(root.resolve(".rwkv"))) {
            return files.filter(f -> f.getFileName().toString().startsWith("lib-")).toList();
        }
    }

    private static String host() throws Exception {
        return Build.run(List.of("uname", "-n")).strip();
    }

    private void script(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
