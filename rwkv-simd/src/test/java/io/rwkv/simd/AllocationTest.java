package io.rwkv.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.rwkv.core.ChildJvm;
import io.rwkv.core.Precision;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.core.RwkvVersion;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;

/**
 * What a token leaves for the garbage collector once everything is compiled; before, vectors are objects. Each model has a JVM of
 * its own, as in an application: what the compiler learns from other versions and engines makes it inline less, and then some
 * vectors stay objects.
 */
@AtUsableWidth
class AllocationTest {
    private static final int TOKENS = 500;
    private static final int MOST_ROUNDS = 1000; // on a busy machine the compiler is late
    /** What receives the logits, and a few more small objects, but not one for each operation. */
    private static final long BYTES_PER_TOKEN = 150;
    private static final String FOUND = "bytes per token: ";

    @ParameterizedTest
    @CsvSource({"V4, F32", "V5_0, F32", "V5_2, BF16", "V6, F16", "V7, Q8_0", "V7, Q4_0", "V7A, F32"})
    void compiledCodeShouldMakeNoObjectsForWhatItComputes(String version, String precision) {
        ChildJvm jvm = new ChildJvm().with("--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED");
        String bits = System.getProperty("rwkv.simd.bits");
        if (bits != null) {
            jvm.with("-Drwkv.simd.bits=" + bits);
        }
        ChildJvm.Outcome outcome = jvm.run(AllocationTest.class, version, precision);
        assertEquals(0, outcome.exit(), outcome.output());
        long found = Long.parseLong(outcome.output().substring(
                outcome.output().lastIndexOf(FOUND) + FOUND.length()).strip());
        assertTrue(found <= BYTES_PER_TOKEN, "found " + found + " bytes per token");
    }

    /** @param args version and precision */
    public static void main(String[] args) {
        RwkvOptions options = RwkvOptions.builder().threads(2).precision(Precision.valueOf(args[1])).build();
        try (RwkvModel model = WideGolden.model(RwkvVersion.valueOf(args[0]), options)) {
            RwkvState state = model.newState();
            float[] logits = new float[model.config().vocabularySize()];
            long least = Long.MAX_VALUE;
            for (int round = 0; round < MOST_ROUNDS && least > BYTES_PER_TOKEN; round++) {
                least = Math.min(least, bytesPerToken(model, state, logits));
            }
            System.out.println(FOUND + least);
        }
    }

    /** Of all threads: workers compute, too. */
    private static long bytesPerToken(RwkvModel model, RwkvState state, float[] logits) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int[] token = {7};
        long before = threads.getTotalThreadAllocatedBytes();
        if (before < 0) {
            throw new IllegalStateException("this JVM does not count");
        }
        for (int i = 0; i < TOKENS; i++) {
            model.logits(token, state, logits);
        }
        return (threads.getTotalThreadAllocatedBytes() - before) / TOKENS;
    }
}
