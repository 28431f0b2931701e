package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.core.internal.AtomicFiles;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

class WhenTerminatedTest {
    /** Writes until it is stopped. */
    static final class Endless {
        public static void main(String[] arguments) throws IOException {
            WhenTerminated.interrupt(() -> AtomicFiles.write(Path.of(arguments[0]), out -> {
                System.out.println("writing");
                while (true) {
                    out.position(0).write(ByteBuffer.allocate(1000));
                }
            }));
        }
    }

    @Test
    void nothingShouldBeLeftOfWhatWasUnderWay(@TempDir Path folder) throws Exception {
        Assumptions.assumeFalse(System.getProperty("os.name").startsWith("Windows"), "no signals there");
        Path out = Files.writeString(folder.resolve("x"), "before");
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), Endless.class.getName(), out.toString())
                .redirectErrorStream(true).start();
        try (var lines = child.inputReader(StandardCharsets.UTF_8)) {
            assertEquals("writing", lines.readLine());
            child.toHandle().destroy(); // SIGTERM; the process's own method would close its output, too
            lines.lines().forEach(line -> {}); // what it may still say before it is gone
            child.waitFor();
        } finally {
            child.destroyForcibly();
        }
        assertEquals("before", Files.readString(out));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(out), files.toList());
        }
    }
}
