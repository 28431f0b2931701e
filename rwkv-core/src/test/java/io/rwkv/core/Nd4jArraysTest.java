package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** ND4J arrays are the application's, and so are ND4J's settings: whatever they are, it gets plain float32 arrays. */
class Nd4jArraysTest {
    private static void assertPlain(INDArray array, float[] expected, long... shape) {
        assertArrayEquals(shape, array.shape());
        assertEquals(DataType.FLOAT, array.dataType());
        assertEquals('c', array.ordering());
        assertFalse(array.isView(), "a view");
        assertFalse(array.isAttached(), "in a workspace");
        assertArrayEquals(expected, array.reshape(expected.length).toFloatVector());
    }

    private static float[] flat(float[][] rows) {
        float[] flat = new float[rows.length * rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, flat, i * rows[0].length, rows[0].length);
        }
        return flat;
    }

    private static void assertAllPlain(Golden golden, RwkvModel model) {
        int[] tokens = golden.tokens();
        RwkvState state = model.newState();
        float[] all = flat(model.allLogits(tokens, state));
        RwkvState again = model.newState();
        try (INDArray forwardAll = model.forwardAll(tokens, again)) {
            assertPlain(forwardAll, all, tokens.length, 37);
            for (String part : state.parts()) {
                try (INDArray array = again.array(1, part)) {
                    assertPlain(array, state.read(1, part), state.shape(part));
                }
            }
        }
        float[] last = model.logits(tokens, model.newState());
        try (INDArray forward = model.forward(tokens, model.newState())) {
            assertPlain(forward, last, 37);
        }
    }

    @ParameterizedTest
    @EnumSource
    void arraysShouldBePlain(RwkvVersion version) {
        Golden golden = Golden.of(version);
        try (RwkvModel model = golden.model()) {
            assertAllPlain(golden, model);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DOUBLE", "HALF", "BFLOAT16"})
    void theApplicationsDefaultTypeShouldNotMatter(DataType type) {
        for (RwkvVersion version : RwkvVersion.values()) {
            Golden golden = Golden.of(version);
            float[] expected;
            try (RwkvModel model = golden.model()) {
                expected = flat(model.allLogits(golden.tokens(), model.newState()));
            }
            Nd4j.setDefaultDataTypes(type, type);
            try (RwkvModel model = golden.model()) {
                assertArrayEquals(expected, flat(model.allLogits(golden.tokens(), model.newState())));
                assertAllPlain(golden, model);
            } finally {
                Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void arraysMadeInsideAWorkspaceShouldOutliveIt(RwkvVersion version) {
        Golden golden = Golden.of(version);
        WorkspaceConfiguration configuration = WorkspaceConfiguration.builder().initialSize(64 << 20).build();
        try (RwkvModel model = golden.model()) {
            try (MemoryWorkspace workspace = Nd4j.getWorkspaceManager().getAndActivateWorkspace(configuration,
                    "arrays")) {
                assertTrue(workspace.isScopeActive());
                assertAllPlain(golden, model);
            }
            assertAllPlain(golden, model);
        }
    }

    /** Wide enough that rows go over to ND4J in several blocks, the last one smaller. */
    @Test
    void manyLargeRowsShouldComeOverWhole() {
        RwkvConfig config = ComputedModel.config(1, 8, 50_000);
        try (RwkvModel model = ComputedModel.load(config, RwkvOptions.defaults())) {
            int[] tokens = new Random(1).ints(263, 0, 50_000).toArray(); // two stretches
            float[][] expected = model.allLogits(tokens, model.newState());
            try (INDArray all = model.forwardAll(tokens, model.newState())) {
                for (int t = 0; t < tokens.length; t++) {
                    assertArrayEquals(expected[t], all.getRow(t).toFloatVector(), "row " + t);
                }
            }
        }
    }

    @Test
    void aCallThatFailsShouldLeaveTheStateAlone() {
        Golden golden = Golden.of(RwkvVersion.V4);
        TensorFile whole = golden.weights();
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        whole.names().forEach(n -> tensors.put(n, whole.tensor(n)));
        tensors.put("emb.weight",
                new UnreadableRow(whole.tensor("emb.weight"), 36, new IllegalStateException("unreadable")));
        TensorFile file = new TensorFile(whole.path(), "failing", tensors, Map.of());
        try (RwkvModel model = RwkvModel.load(file, golden.config(), RwkvOptions.defaults())) {
            int[] tokens = new int[600];
            tokens[599] = 36; // in the third stretch, when there are rows already
            RwkvState state = model.newState();
            assertThrows(IllegalStateException.class, () -> model.forwardAll(tokens, state));
            assertThrows(IllegalStateException.class, () -> model.forward(tokens, state));
            assertArrayEquals(model.newState().read(0, "att_aa"), state.read(0, "att_aa"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "platform"})
    void theContextClassLoaderShouldNotMatter(String loader) {
        ChildJvm.Outcome outcome = new ChildJvm().with("-Xmx512m").run(AnyContext.class, loader, "nd4j");
        assertEquals(0, outcome.exit(), outcome.output());
    }

    @Test
    void aModelFarLargerThanTheHeapShouldBeRead() {
        ChildJvm.Outcome outcome = new ChildJvm().with("-Xmx48m").run(SmallHeap.class, "nd4j");
        assertEquals(0, outcome.exit(), outcome.output());
    }

    @ParameterizedTest
    @ValueSource(strings = {"maxphysicalbytes", "maxPhysicalBytes"})
    void aLimitThatTheApplicationSetShouldBeKept(String spelling) {
        assertRefused(new ChildJvm().with("-Xmx48m", "-Dorg.bytedeco.javacpp." + spelling + "=200m")
                .run(SmallHeap.class, "nd4j"));
    }

    @Test
    void aLimitThatCanNoLongerBeLiftedShouldBeNamed() {
        assertRefused(new ChildJvm().with("-Xmx48m").run(SmallHeap.class, "nd4j", "early"));
    }

    private static void assertRefused(ChildJvm.Outcome outcome) {
        assertEquals(1, outcome.exit(), outcome.output());
        for (String part : Arrays.asList("JavaCPP's limit of memory", "MB in the whole process",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=0", "IllegalStateException")) {
            assertTrue(outcome.output().contains(part), outcome.output());
        }
    }
}
