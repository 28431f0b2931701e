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
import io.rwkv.core.Step;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * What a call leaves for the garbage collector once everything is compiled; before, vectors are objects. Each model has a JVM of
 * its own, as in an application: what the compiler learns from other versions and engines makes it inline less, and then some
 * vectors stay objects.
 */
@AtUsableWidth
class AllocationTest {
    private static final int CALLS = 500;
    private static final int MOST_ROUNDS = 1000; // on a busy machine the compiler is late
    /** What receives the logits, and a few more small objects, but not one for each operation. */
    private static final long BYTES_PER_TOKEN = 150;
    /** Of each sequence in a batch: what receives its logits, and the output that names them. */
    private static final long BYTES_PER_SEQUENCE = 100;
    private static final String FOUND = "bytes per call: ";

    /** @param batch sequences of one token; 0 for a call of one sequence without a batch */
    private static long bound(int batch) {
        return BYTES_PER_TOKEN + batch * BYTES_PER_SEQUENCE;
    }

    @ParameterizedTest
    @CsvSource({"V4, F32, 0", "V5_0, F32, 0", "V5_2, BF16, 0", "V6, F16, 0", "V7, Q8_0, 0", "V7, Q4_0, 0",
            "V7A, F32, 0",
            "V4, F32, 8", "V5_2, BF16, 8", "V6, F16, 8", "V7, Q8_0, 3", "V7, Q8_0, 8", "V7, Q4_0, 8", "V7, F32, 32"})
    void compiledCodeShouldMakeNoObjectsForWhatItComputes(String version, String precision, int batch) {
        ChildJvm jvm = new ChildJvm().with("--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED");
        String bits = System.getProperty("rwkv.simd.bits");
        if (bits != null) {
            jvm.with("-Drwkv.simd.bits=" + bits);
        }
        ChildJvm.Outcome outcome = jvm.run(AllocationTest.class, version, precision, String.valueOf(batch));
        assertEquals(0, outcome.exit(), outcome.output());
        long found = Long.parseLong(outcome.output().substring(
                outcome.output().lastIndexOf(FOUND) + FOUND.length()).strip());
        assertTrue(found <= bound(batch), "found " + found + " bytes per call");
    }

    /** @param args version, precision and sequences */
    public static void main(String[] args) {
        RwkvOptions options = RwkvOptions.builder().threads(2).precision(Precision.valueOf(args[1])).build();
        int batch = Integer.parseInt(args[2]);
        try (RwkvModel model = WideGolden.model(RwkvVersion.valueOf(args[0]), options)) {
            Runnable call = batch == 0 ? alone(model) : together(model, batch);
            long least = Long.MAX_VALUE;
            for (int round = 0; round < MOST_ROUNDS && least > bound(batch); round++) {
                least = Math.min(least, bytesPerCall(call));
            }
            System.out.println(FOUND + least);
        }
    }

    private static Runnable alone(RwkvModel model) {
        RwkvState state = model.newState();
        float[] logits = new float[model.config().vocabularySize()];
        int[] token = {7};
        return () -> model.logits(token, state, logits);
    }

    private static Runnable together(RwkvModel model, int sequences) {
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < sequences; i++) {
            float[] logits = new float[model.config().vocabularySize()];
            steps.add(Step.of(new int[]{7 + i % 5}, model.newState()).into(logits));
        }
        return () -> model.forward(steps);
    }

    /** Of all threads: workers compute, too. */
    private static long bytesPerCall(Runnable call) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getTotalThreadAllocatedBytes();
        if (before < 0) {
            throw new IllegalStateException("this JVM does not count");
        }
        for (int i = 0; i < CALLS; i++) {
            call.run();
        }
        return (threads.getTotalThreadAllocatedBytes() - before) / CALLS;
    }
}
