package io.rwkv.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Widths of vectors, asked for in JVMs of their own. */
@AtUsableWidth
class LanesTest {
    /** What a JVM of its own says. */
    static final class Report {
        private Report() {
        }

        public static void main(String[] args) {
            System.out.print(new SimdEngineProvider().obstacle().orElse("none") + ", " + Lanes.BITS + " bits");
        }
    }

    private static String report(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Report.class.getName()));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }

    @Test
    void testsShouldUseTheWidthAskedFor() {
        int preferred = Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize());
        assertEquals(Integer.getInteger("rwkv.simd.bits", preferred), Lanes.BITS);
        assertEquals(Lanes.BITS / 32, Lanes.FLOATS.length());
    }

    @Test
    void narrowerVectorsMayBeAskedFor() throws IOException, InterruptedException {
        assertEquals("none, 128 bits", report("-Drwkv.simd.bits=128"));
    }

    @Test
    void widerVectorsThanTheProcessorHasShouldBeRefused() throws IOException, InterruptedException {
        // The JVM is told to believe that the processor has 128 bits.
        String said = report("-XX:MaxVectorSize=16", "-Drwkv.simd.bits=512");
        assertTrue(said.startsWith("rwkv.simd.bits: expected at most the processor's 128, found 512"), said);
        assertEquals("none, 128 bits", report("-XX:MaxVectorSize=16"));
    }

    @Test
    void jvmsThatWouldMakeVectorsSlowShouldBeRefused() throws IOException, InterruptedException {
        for (String option : List.of("-Xint", "-XX:TieredStopAtLevel=1")) {
            String said = report(option);
            assertTrue(said.startsWith("needs the JVM's optimising compiler"), option + ": " + said);
        }
        String said = report("-XX:-UseFMA");
        assertTrue(said.startsWith("needs fused multiply-add"), said);
    }

    @Test
    void otherWidthsShouldBeRefused() throws IOException, InterruptedException {
        for (int bits : new int[]{0, -1, 64, 100, 192, 1024}) {
            String said = report("-Drwkv.simd.bits=" + bits);
            assertTrue(said.startsWith("rwkv.simd.bits: expected 128, 256 or 512, found " + bits), said);
        }
    }
}
