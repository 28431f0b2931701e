package io.rwkv.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.simd.internal.memory.Lanes;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** JVMs of their own with options of their own, which say whether the engine can run there. */
public final class OwnJvm {
    private OwnJvm() {
    }

    /** What runs in it. */
    static final class Report {
        private Report() {
        }

        public static void main(String[] args) {
            System.out.print(new SimdEngineProvider().obstacle().orElse("none") + ", " + Lanes.BITS + " bits");
        }
    }

    /** The obstacle there, or {@code none}, and the width of vectors. */
    public static String report(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Report.class.getName()));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }
}
