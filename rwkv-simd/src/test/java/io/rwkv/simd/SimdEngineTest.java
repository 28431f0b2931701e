package io.rwkv.simd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.ChildJvm;
import io.rwkv.core.Precision;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.engine.Matrix;
import io.rwkv.core.engine.MatrixUse;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.Projection;
import io.rwkv.core.engine.StatePart;
import io.rwkv.simd.internal.kernel.Twin;
import io.rwkv.simd.internal.memory.Format;
import io.rwkv.simd.internal.memory.HeapTensor;
import io.rwkv.simd.internal.memory.StoredWeights;
import io.rwkv.simd.internal.schedule.ThreadTeam;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.ref.WeakReference;
import java.util.Arrays;

/** What an engine keeps, and who keeps an engine. */
@DisabledIfSystemProperty(named = "rwkv.simd.bits", matches = ".+", disabledReason = "the same for all widths")
class SimdEngineTest {
    private static final int WIDE = 65536;
    private static final long MOST_KEPT = 4 << 20;
    private static final int CALLS = 16; // after which what they have not needed is freed

    /** A map to many outputs and one from many inputs, as a head and a channel mix have, and a recurrence between them. */
    private static float[] call(SimdEngine engine, Matrix up, Matrix down, int tokens) {
        float[] x = Twin.activations(tokens * 32, 1, 1);
        float[] out = new float[tokens * 32];
        int[] ids = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            ids[t] = t;
        }
        try (Ops ops = engine.ops()) {
            Activations in = ops.embed(new HeapTensor("x", new long[]{tokens, 32}, x), ids, 0, tokens);
            Activations wide = ops.linear(up, in);
            Activations narrow = ops.defer(Projection.of(down), wide);
            ops.computeDeferred();
            StatePart state = StatePart.of(tokens, new float[32 * 16], new float[32 * 16]);
            ops.read(ops.wkv6(narrow, narrow, narrow, narrow, 2, state), out, 0);
        }
        return out;
    }

    private static long used() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** A JVM whose memory holds what a long call needs, or as much again for something else, but not both. */
    static final class LittleMemory {
        private LittleMemory() {
        }

        public static void main(String[] args) {
            try (SimdEngine engine = engine(Precision.AS_STORED)) {
                Matrix up = up(engine);
                Matrix down = down(engine);
                float[] many = call(engine, up, down, 200);
                long idle = engine.idleBytes();
                byte[] other = new byte[80 << 20];
                long left = engine.idleBytes() + other[0];
                other = null;
                boolean same = Arrays.equals(many, call(engine, up, down, 200));
                System.out.print("idle " + (idle >> 20) + " MB, then " + left + " bytes, same " + same);
            }
        }
    }

    private static SimdEngine engine(Precision precision) {
        return new SimdEngine(EngineOptions.builder().precision(precision).threads(2).build());
    }

    private static Matrix up(SimdEngine engine) {
        return engine.matrix(StoredWeights.random(Format.F32, WIDE, 32, 2).mapped(), MatrixUse.GENERAL);
    }

    private static Matrix down(SimdEngine engine) {
        return engine.matrix(StoredWeights.random(Format.F32, 32, WIDE, 3).mapped(), MatrixUse.GENERAL);
    }

    @ParameterizedTest
    @EnumSource
    void scratchMemoryShouldFollowWhatCallsInARowNeed(Format format) {
        try (SimdEngine engine = engine(Precision.valueOf(format.name()))) {
            Matrix up = up(engine);
            Matrix down = down(engine);
            float[] one = call(engine, up, down, 1);
            long idle = engine.idleBytes();
            assertTrue(idle > 4 * WIDE && idle <= MOST_KEPT, "after one token " + idle);
            long before = used();

            float[] many = call(engine, up, down, 200);
            idle = engine.idleBytes();
            assertTrue(idle > 200 * 4 * WIDE, "after many tokens " + idle);
            for (int i = 0; i < 2 * CALLS; i++) {
                assertArrayEquals(many, call(engine, up, down, 200));
                assertEquals(idle, engine.idleBytes());
            }

            for (int i = 0; i < CALLS; i++) {
                assertArrayEquals(one, call(engine, up, down, 1));
            }
            assertTrue(engine.idleBytes() <= MOST_KEPT, "after many calls of one token " + engine.idleBytes());
            long grown = used() - before;
            assertTrue(grown < 2 * MOST_KEPT, "after many calls of one token the heap has grown by " + grown);
            assertArrayEquals(one, call(engine, up, down, 1));
            assertArrayEquals(many, call(engine, up, down, 200));
        }
    }

    @Test
    void scratchMemoryOfACallerWhoStaysAwayShouldNotStay() {
        try (SimdEngine engine = engine(Precision.AS_STORED)) {
            Matrix up = up(engine);
            Matrix down = down(engine);
            Ops large = engine.ops();
            Ops small = engine.ops();
            large.repeat(engine.vector(new float[WIDE]), 200);
            large.close();
            small.close(); // and will be used by the next call, as the last one given back
            assertTrue(engine.idleBytes() >= 200 * 4 * WIDE);
            for (int i = 0; i < CALLS; i++) {
                call(engine, up, down, 1);
            }
            assertTrue(engine.idleBytes() <= MOST_KEPT, "found " + engine.idleBytes());
        }
    }

    @Test
    void scratchMemoryShouldGoWhereMemoryIsShort() {
        ChildJvm jvm = new ChildJvm().with("--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Xmx128m", "-XX:+UseSerialGC");
        ChildJvm.Outcome outcome = jvm.run(LittleMemory.class);
        assertEquals(0, outcome.exit(), outcome.output());
        assertTrue(outcome.output().matches("(?s).*idle [5-9][0-9] MB, then 0 bytes, same true"), outcome.output());
    }

    @Test
    void scratchMemoryShouldGoWithTheModel() {
        SimdEngine engine = engine(Precision.AS_STORED);
        call(engine, up(engine), down(engine), 1);
        engine.close();
        assertEquals(0, engine.idleBytes());
    }

    @Test
    void threadsShouldNotKeepAnEngine() throws InterruptedException {
        try (ThreadTeam team = new ThreadTeam(3)) {
            WeakReference<SimdEngine> engine = new WeakReference<>(used(team));
            for (int i = 0; i < 100 && engine.get() != null; i++) {
                System.gc();
                Thread.sleep(10);
            }
            assertNull(engine.get());
        }
    }

    private static SimdEngine used(ThreadTeam team) {
        SimdEngine engine = new SimdEngine(Precision.AS_STORED, team);
        Matrix up = engine.matrix(StoredWeights.random(Format.F32, 512, 32, 2).mapped(), MatrixUse.GENERAL);
        Matrix down = engine.matrix(StoredWeights.random(Format.F32, 32, 512, 3).mapped(), MatrixUse.GENERAL);
        call(engine, up, down, 1);
        call(engine, up, down, 70);
        return engine;
    }

    @Test
    void anotherThreadMayCloseAndCloseAgain() throws InterruptedException {
        SimdEngine engine = new SimdEngine(EngineOptions.builder().precision(Precision.AS_STORED).threads(2).build());
        engine.matrix(StoredWeights.random(Format.F32, 512, 32, 2).mapped(), MatrixUse.GENERAL);
        Thread other = new Thread(engine::close);
        other.start();
        other.join();
        assertDoesNotThrow(engine::close);
    }

    @Test
    void threadsByDefaultShouldBeWhatAnOptionMaySay() {
        assertEquals(8, SimdEngine.threads(0, 8));
        assertEquals(3, SimdEngine.threads(3, 8));
        assertEquals(1024, SimdEngine.threads(0, 1025));
        assertDoesNotThrow(() -> RwkvOptions.builder().threads(SimdEngine.threads(0, 4096)).build());
    }
}
