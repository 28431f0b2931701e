package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.engine.EngineProvider;
import io.rwkv.core.internal.ServiceFolder;
import io.rwkv.core.internal.tensor.ForwardingTensor;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Models that go out of reach without having been closed. */
class ForgottenModelTest {
    private static final Golden GOLDEN = Golden.of(RwkvVersion.V4);
    private static final int MOST_COLLECTIONS = 500;

    @TempDir
    static Path folder;
    private static ClassLoader engines;

    @BeforeAll
    static void registerTheWatchedEngine() throws Exception {
        engines = ServiceFolder.loader(folder, EngineProvider.class, List.of(WatchedProvider.class.getName()));
    }

    @BeforeEach
    void startCounting() {
        WatchedProvider.CLOSED.set(0);
    }

    private static RwkvModel open(TensorFile file) {
        try {
            return ServiceFolder.in(engines, () -> RwkvModel.load(file, GOLDEN.config(),
                    RwkvOptions.builder().engine(WatchedProvider.NAME).build()));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Collects garbage until something has come true, or for a long time. */
    private static boolean collectUntil(BooleanSupplier condition) {
        for (int i = 0; i < MOST_COLLECTIONS && !condition.getAsBoolean(); i++) {
            System.gc();
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return condition.getAsBoolean();
    }

    @Test
    void theyShouldBeClosedThoughTheirStatesLiveOn() {
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        RwkvState[] states = new RwkvState[10];
        try {
            for (int i = 0; i < states.length; i++) {
                RwkvModel model = open(GOLDEN.weights());
                states[i] = model.newState();
                model.logits(GOLDEN.tokens(), states[i]);
            }
            assertTrue(collectUntil(() -> WatchedProvider.CLOSED.get() == states.length),
                    "closed " + WatchedProvider.CLOSED);
        } finally {
            System.setErr(before);
        }
        String warnings = said.toString(StandardCharsets.UTF_8);
        assertEquals(states.length, warnings.split("A model was never closed", -1).length - 1, warnings);
        assertTrue(warnings.contains(GOLDEN.weights().path().toString()), warnings);
        assertArrayEquals(states[0].read(1, "att_aa"), states[9].read(1, "att_aa"));
    }

    @Test
    void closedModelsShouldNotBeClosedAgain() {
        for (int i = 0; i < 3; i++) {
            RwkvModel model = open(GOLDEN.weights());
            model.close();
            model.close();
        }
        assertEquals(3, WatchedProvider.CLOSED.get());
        open(GOLDEN.weights());
        assertTrue(collectUntil(() -> WatchedProvider.CLOSED.get() > 3), "the forgotten one");
        assertEquals(4, WatchedProvider.CLOSED.get());
    }

    @Test
    void theyShouldNotBeClosedWhileACallIsUnderWay() {
        TensorFile whole = GOLDEN.weights();
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        whole.names().forEach(n -> tensors.put(n, whole.tensor(n)));
        CollectingTable table = new CollectingTable(whole.tensor("emb.weight"));
        tensors.put("emb.weight", table);
        TensorFile file = new TensorFile(whole.path(), "collecting", tensors, Map.of());
        float[] expected;
        try (RwkvModel model = GOLDEN.model()) {
            expected = model.logits(GOLDEN.tokens(), model.newState());
        }
        table.collecting = true;
        assertArrayEquals(expected, readAndForget(file));
        assertEquals(0, table.closed);
        assertTrue(collectUntil(() -> WatchedProvider.CLOSED.get() == 1), "afterwards");
    }

    private static float[] readAndForget(TensorFile file) {
        RwkvModel model = open(file);
        RwkvState state = model.newState();
        return model.logits(GOLDEN.tokens(), state);
    }

    /** A table that collects garbage for every row that is read, and looks whether the engine was closed. */
    private static final class CollectingTable extends ForwardingTensor {
        boolean collecting;
        int closed;

        CollectingTable(StoredTensor table) {
            super(table);
        }

        @Override
        public void read(long first, float[] to, int at, int count) {
            if (collecting) {
                System.gc();
                closed += WatchedProvider.CLOSED.get();
            }
            super.read(first, to, at, count);
        }
    }
}
