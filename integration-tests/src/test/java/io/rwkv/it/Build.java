package io.rwkv.it;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** What the build has made. */
final class Build {
    static final Path ROOT = Path.of(System.getProperty("rwkv.root")).toAbsolutePath().normalize();
    static final String VERSION = System.getProperty("rwkv.version");

    private Build() {
    }

    /** The home of the JDK 25 that rwkv-simd was built by; skips the test where there is none. */
    static Path jdk25() {
        String home = System.getProperty("rwkv.jdk25", "");
        assumeTrue(!home.isEmpty(), "SKIPPED: no JDK 25, hence no simd engine");
        return Path.of(home);
    }

    /** The jars of the test's class path whose file names match. */
    static List<Path> jars(String regex) {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(p -> p.getFileName().toString().matches(regex))
                .toList();
    }

    /** Every jar that the build has made of the modules on the class path: those of sources, Javadoc and tests too. */
    static List<Path> artefacts() throws IOException {
        List<Path> found = new ArrayList<>();
        for (Path jar : jars("rwkv(-.*)?-" + VERSION + "\\.jar")) {
            String module = jar.getFileName().toString().replace(".jar", "");
            try (Stream<Path> files = Files.list(jar.getParent())) {
                files.filter(f -> f.getFileName().toString().matches(module + "(-[a-z-]+)?\\.jar")).forEach(found::add);
            }
        }
        return found;
    }

    /** Runs a command and returns its output; an exit status other than 0 is an error that shows it. */
    static String run(List<String> command) throws IOException, InterruptedException {
        File output = File.createTempFile("rwkv", ".log");
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
            int status = process.waitFor();
            String text = Files.readString(output.toPath());
            if (status != 0) {
                throw new AssertionError("exit status " + status + " of " + String.join(" ", command) + "\n" + text);
            }
            return text;
        } finally {
            Files.delete(output.toPath());
        }
    }
}
