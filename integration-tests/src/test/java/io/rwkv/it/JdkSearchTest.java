package io.rwkv.it;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** {@code tools/FindJdk.java} and {@code tools/jdks.sh} on folders with made-up JDKs: the same search, written for two systems. */
@DisabledOnOs(OS.WINDOWS)
class JdkSearchTest {
    @TempDir
    Path root;
    private Path folders;

    @BeforeEach
    void makeFolders() throws IOException {
        Files.createDirectories(root.resolve("tools"));
        for (String file : List.of("tools/jdks.sh", "tools/FindJdk.java")) {
            Files.copy(Build.ROOT.resolve(file), root.resolve(file));
        }
        folders = Files.writeString(root.resolve("tools/jdk-folders"), root + "/no such folder/*\n" + root
                + "/with blank/jdk*\n~/mac/*/Contents/Home\n");
    }

    @Test
    void shouldBuildWithTheOldestThatIsNewEnough() throws Exception {
        jdk("with blank/jdk-41", 41, true);
        Path oldest = jdk("mac/b/Contents/Home", 40, true);
        jdk("with blank/jdk-40", 40, false); // a JRE
        jdk("with blank/other", 40, true);
        jdk("with blank/jdk-39", 39, true);
        assertEquals(oldest.toString(), find(null));
        assertEquals(oldest.toString(), shell(null, "jdk_for 40"));
    }

    @Test
    void shouldTakeWhatTheEnvironmentNames() throws Exception {
        jdk("with blank/jdk-40", 40, true);
        Path named = jdk("elsewhere", 42, true);
        assertEquals(named.toString(), find(named));
        assertEquals(named.toString(), shell(named, "jdk_for 40"));
    }

    @Test
    void shouldRefuseWhatTheEnvironmentNamesInVain() throws Exception {
        jdk("with blank/jdk-40", 40, true);
        for (Path vain : List.of(jdk("older", 39, true), jdk("jre", 40, false), root.resolve("none"))) {
            String message = "JDK40_HOME: expected the folder of a JDK 40 or later, found " + vain;
            assertEquals("exit 1: " + message, find(vain));
            assertEquals("exit 1: " + message, shell(vain, "jdk_for 40"));
        }
    }

    @Test
    void shouldSayThatThereIsNone() throws Exception {
        assertEquals("", find(null)); // the build decides what that means
        assertTrue(shell(null, "jdk_for 40").startsWith("exit 1: no JDK 40 found"));
        assertEquals("", shell(null, "jdk_newest javac 40"));
    }

    @Test
    void shouldRunOnTheNewestWithinBounds() throws Exception {
        Path newest = jdk("with blank/jdk-41", 41, false);
        Path older = jdk("with blank/jdk-40", 40, true);
        assertEquals(newest.toString(), shell(null, "jdk_newest java 17"));
        assertEquals(older.toString(), shell(null, "jdk_newest java 17 40"));
        assertEquals(older.toString(), shell(null, "jdk_newest javac 17"));
    }

    @Test
    void shouldRunTheCommandOnWhatTheSimdEngineIsTestedWith() throws IOException {
        try (Stream<Path> sources = Files.walk(Build.ROOT.resolve("rwkv-simd/src/main/java"))) {
            Path jit = sources.filter(p -> p.endsWith("Jit.java")).findFirst().orElseThrow();
            Matcher tested = Pattern.compile("TESTED = (\\d+);").matcher(Files.readString(jit));
            assertTrue(tested.find());
            String launcher = Files.readString(Build.ROOT.resolve("bin/rwkv"));
            assertTrue(launcher.contains("jdk_newest java 17 " + tested.group(1) + ")"), tested.group());
        }
    }

    private Path jdk(String folder, int release, boolean compiler) throws IOException {
        Path home = root.resolve(folder);
        Files.createDirectories(home.resolve("bin"));
        for (String program : compiler ? List.of("java", "javac") : List.of("java")) {
            assertTrue(Files.writeString(home.resolve("bin").resolve(program), "").toFile().setExecutable(true));
        }
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + release + ".0.1\"\n");
        return home;
    }

    private String find(Path named) throws Exception {
        return run(named, List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Duser.home=" + root, root.resolve("tools/FindJdk.java").toString(), "40", folders.toString()));
    }

    private String shell(Path named, String call) throws Exception {
        return run(named, List.of("bash", "-c", "set -euo pipefail; . '" + root + "/tools/jdks.sh'; " + call));
    }

    private String run(Path named, List<String> command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("HOME", root.toString());
        builder.environment().remove("JDK40_HOME");
        if (named != null) {
            builder.environment().put("JDK40_HOME", named.toString());
        }
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes()).strip();
        int status = process.waitFor();
        return status == 0 ? text : "exit " + status + ": " + text;
    }
}
