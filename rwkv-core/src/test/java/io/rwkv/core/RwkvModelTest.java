package io.rwkv.core;

import static io.rwkv.core.Close.assertClose;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class RwkvModelTest {
    private static final Golden GOLDEN = Golden.of(RwkvVersion.V4);
    private static final int[] TOKENS = GOLDEN.tokens();

    private static void assertMessage(Throwable e, String... parts) {
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), e.getMessage());
        }
    }

    @Test
    void badTokensShouldBeRefusedAndLeaveTheStateAlone() {
        try (RwkvModel model = GOLDEN.model()) {
            RwkvState state = model.newState();
            model.logits(TOKENS, state);
            RwkvState before = state.copy();
            assertMessage(
                    assertThrows(IllegalArgumentException.class, () -> model.logits(new int[]{3, 37}, state)),
                    "tokens[1]", "0 to 36", "found 37");
            assertMessage(assertThrows(IllegalArgumentException.class, () -> model.logits(new int[]{-1}, state)),
                    "found -1");
            assertMessage(assertThrows(IllegalArgumentException.class, () -> model.logits(new int[0], state)),
                    "at least one");
            assertEqual(before, state);
        }
    }

    private static void assertEqual(RwkvState expected, RwkvState actual) {
        for (int layer = 0; layer < expected.layers(); layer++) {
            for (String part : expected.parts()) {
                assertArrayEquals(expected.read(layer, part), actual.read(layer, part), layer + "." + part);
            }
        }
    }

    @Test
    void aCallThatFailsPartWayShouldLeaveTheStateAlone() {
        Map<String, StoredTensor> tensors = tensorsOf(GOLDEN.weights());
        tensors.put("emb.weight", new UnreadableRow(tensors.get("emb.weight"), 36,
                new UncheckedIOException(new IOException("unreadable sector"))));
        TensorFile file = new TensorFile(Path.of("x.pth"), "test", tensors, Map.of());
        try (RwkvModel model = RwkvModel.load(file, GOLDEN.config(), RwkvOptions.defaults())) {
            RwkvState state = model.newState();
            model.logits(new int[]{1, 2, 3}, state);
            RwkvState before = state.copy();
            int[] tokens = new int[600];
            tokens[599] = 36; // in the third stretch
            assertThrows(UncheckedIOException.class, () -> model.logits(tokens, state));
            assertEqual(before, state);
            float[] expected = model.logits(new int[]{5}, before);
            assertArrayEquals(expected, model.logits(new int[]{5}, state), "the state is still usable");
        }
    }

    private static Map<String, StoredTensor> tensorsOf(TensorFile file) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        file.names().forEach(n -> tensors.put(n, file.tensor(n)));
        return tensors;
    }

    @Test
    void aStateShouldBeAcceptedWithoutTheTensorsThatNothingReads() {
        Golden golden = Golden.of(RwkvVersion.V7);
        TensorFile weights = golden.weights();
        Map<String, StoredTensor> fewer = tensorsOf(weights);
        for (String name : List.of("blocks.0.att.v0", "blocks.0.att.v1", "blocks.0.att.v2")) {
            assertNotNull(fewer.remove(name), name);
        }
        TensorFile other = new TensorFile(weights.path(), "fewer", fewer, Map.of());
        try (RwkvModel model = golden.model();
                RwkvModel same = RwkvModel.load(other, golden.config(), RwkvOptions.defaults())) {
            assertArrayEquals(model.logits(TOKENS, model.newState()), model.logits(TOKENS, same.newState()));
        }
    }

    @Test
    void aStateOfAnotherModelShouldBeRefused() {
        TensorFile weights = GOLDEN.weights();
        Map<String, StoredTensor> changed = tensorsOf(weights);
        changed.put("ln_out.weight", weights.tensor("ln_out.bias"));
        TensorFile other = new TensorFile(weights.path(), "changed", changed, Map.of());
        try (RwkvModel model = GOLDEN.model();
                RwkvModel stranger = RwkvModel.load(other, GOLDEN.config(), RwkvOptions.defaults())) {
            RwkvState state = stranger.newState();
            assertMessage(assertThrows(IllegalArgumentException.class, () -> model.logits(TOKENS, state)),
                    model.fingerprint(), stranger.fingerprint());
        }
    }

    @Test
    void aStateShouldTakeOverWhatAnotherHolds() {
        try (RwkvModel model = GOLDEN.model();
                RwkvModel stranger = Golden.of(RwkvVersion.V7).model()) {
            RwkvState state = model.newState();
            model.logits(TOKENS, state);
            RwkvState other = model.newState();
            model.logits(new int[]{5}, other);
            other.copyFrom(state);
            assertEqual(state, other);
            other.copyFrom(other);
            float[] expected = model.logits(new int[]{1}, state.copy());
            assertArrayEquals(expected, model.logits(new int[]{1}, other));
            assertArrayEquals(expected, model.logits(new int[]{1}, state), "the two share nothing");
            assertMessage(assertThrows(IllegalArgumentException.class, () -> state.copyFrom(stranger.newState())),
                    model.fingerprint(), stranger.fingerprint());
        }
    }

    @Test
    void useAfterCloseShouldBeRefused() {
        RwkvModel model = GOLDEN.model();
        RwkvState state = model.newState();
        float[] logits = model.logits(TOKENS, state);
        model.close();
        model.close();
        assertMessage(assertThrows(IllegalStateException.class, () -> model.logits(TOKENS, state)), "closed");
        assertEquals(24, state.read(0, "att_xx").length);
        assertEquals(37, logits.length);
    }

    @Test
    void savedStatesShouldGoOnWhereTheyWere(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("state.safetensors");
        try (RwkvModel model = GOLDEN.model()) {
            RwkvState state = model.newState();
            model.logits(TOKENS, state);
            Files.writeString(file, "something older");
            state.save(file);
            assertEqual(state, model.loadState(file));
            try (var files = Files.list(folder)) {
                assertEquals(1, files.count(), "no temporary file is left");
            }
            float[] expected = model.logits(new int[]{7}, state);
            assertArrayEquals(expected, model.logits(new int[]{7}, model.loadState(file)));
        }
    }

    @Test
    void savedStatesOfOtherModelsAndOtherFilesShouldBeRefused(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("state.safetensors");
        try (RwkvModel model = GOLDEN.model()) {
            model.newState().save(file);
            String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            String forged = text.replace(model.fingerprint(), "0".repeat(model.fingerprint().length()));
            Files.writeString(file, forged, StandardCharsets.ISO_8859_1);
            assertMessage(assertThrows(RwkvFormatException.class, () -> model.loadState(file)), "state.safetensors",
                    "this model", model.fingerprint(), "0000");
            assertMessage(assertThrows(RwkvFormatException.class, () -> model.loadState(GOLDEN.file().path())),
                    "saved RWKV state");
        }
    }

    @Test
    void copiesAndResetsShouldBeIndependent() {
        try (RwkvModel model = GOLDEN.model()) {
            RwkvState state = model.newState();
            float[] first = model.logits(TOKENS, state);
            RwkvState copy = state.copy();
            state.reset();
            assertEqual(model.newState(), state);
            assertArrayEquals(first, model.logits(TOKENS, state));
            assertEqual(state, copy);
            assertMessage(assertThrows(IllegalArgumentException.class, () -> state.read(2, "att_xx")), "0 to 1");
            assertMessage(assertThrows(IllegalArgumentException.class, () -> state.read(0, "att_kv")), "att_pp");
        }
    }

    @Test
    void manyThreadsShouldGetTheSameResults() throws Exception {
        try (RwkvModel model = GOLDEN.model()) {
            float[] expected = model.logits(TOKENS, model.newState());
            ExecutorService threads = Executors.newFixedThreadPool(4);
            try {
                List<Future<float[]>> results = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    results.add(threads.submit(() -> {
                        RwkvState state = model.newState();
                        for (int t = 0; t < 20; t++) {
                            model.logits(new int[]{TOKENS[t]}, state);
                        }
                        int[] rest = Arrays.copyOfRange(TOKENS, 20, TOKENS.length);
                        return model.logits(rest, state);
                    }));
                }
                for (Future<float[]> result : results) {
                    assertClose("logits", expected, result.get(), 1e-5);
                }
            } finally {
                threads.shutdown();
            }
        }
    }

    @Test
    void missingAndMisshapenTensorsShouldBeNamed() {
        TensorFile weights = GOLDEN.weights();
        Map<String, StoredTensor> tensors = tensorsOf(weights);
        StoredTensor key = tensors.remove("blocks.1.ffn.key.weight");
        assertMessage(assertThrows(RwkvFormatException.class, () -> load(tensors)), "blocks.1.ffn.key.weight",
                "missing");
        tensors.put("blocks.1.ffn.key.weight", weights.tensor("blocks.1.att.key.weight"));
        assertMessage(assertThrows(RwkvFormatException.class, () -> load(tensors)), "blocks.1.ffn.key.weight",
                "[48, 24]", "[24, 24]");
        tensors.put("blocks.1.ffn.key.weight", key);
        tensors.put("ln_out.bias", GOLDEN.file().tensor("tokens"));
        assertMessage(assertThrows(RwkvFormatException.class, () -> load(tensors)), "ln_out.bias", "I64");
    }

    private static void load(Map<String, StoredTensor> tensors) {
        RwkvModel.load(new TensorFile(Path.of("x.pth"), "test", tensors, Map.of()), GOLDEN.config(),
                RwkvOptions.defaults()).close();
    }

    @Test
    void loadingShouldReportItsProgress() {
        List<long[]> reports = new ArrayList<>();
        RwkvOptions options = RwkvOptions.builder().progress((done, total) -> reports.add(new long[]{done, total}))
                .build();
        RwkvModel.load(GOLDEN.weights(), GOLDEN.config(), options).close();
        long previous = 0;
        for (long[] report : reports) {
            assertTrue(report[0] > previous, "done grows");
            previous = report[0];
        }
        assertEquals(reports.get(0)[1], previous, "the last report is of all");
    }

    @Test
    void anUnknownEngineShouldBeRefused() {
        RwkvOptions options = RwkvOptions.builder().engine("abacus").build();
        assertMessage(assertThrows(IllegalArgumentException.class,
                () -> RwkvModel.load(GOLDEN.weights(), GOLDEN.config(), options)), "abacus", "nd4j");
    }

    @Test
    void modelsMadeInsideAnNd4jWorkspaceShouldOutliveIt() {
        float[] expected;
        try (RwkvModel model = GOLDEN.model()) {
            expected = model.logits(TOKENS, model.newState());
        }
        WorkspaceConfiguration configuration = WorkspaceConfiguration.builder().initialSize(64 << 20).build();
        RwkvModel model;
        INDArray inside;
        try (MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration, "test")) {
            assertTrue(workspace.isScopeActive());
            model = GOLDEN.model();
            inside = model.forward(TOKENS, model.newState());
        }
        try (MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration, "test")) {
            // Whatever was allocated in the workspace before is overwritten now.
            assertTrue(workspace.isScopeActive());
            Nd4j.ones(DataType.FLOAT, 1 << 20);
            assertFalse(inside.isAttached());
            assertArrayEquals(expected, inside.toFloatVector());
            assertArrayEquals(expected, model.logits(TOKENS, model.newState()));
        }
        model.close();
    }

    @Test
    void matricesWithDimensionsOfLengthOneShouldBeReadAsMatrices() {
        Map<String, StoredTensor> tensors = tensorsOf(GOLDEN.weights());
        MappedTensor head = (MappedTensor) tensors.get("head.weight");
        tensors.put("head.weight",
                MappedTensor.contiguous(head.file(), "head.weight", DType.F32, new long[]{37, 1, 24},
                        head.byteOffset()));
        TensorFile file = new TensorFile(Path.of("x.pth"), "test", tensors, Map.of());
        try (RwkvModel model = RwkvModel.load(file, GOLDEN.config(), RwkvOptions.defaults())) {
            assertClose("logits", GOLDEN.expectedLogits(TOKENS.length - 1), model.logits(TOKENS, model.newState()),
                    1e-4);
        }
    }
}
