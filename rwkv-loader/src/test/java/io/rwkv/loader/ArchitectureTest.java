package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

class ArchitectureTest {
    private static RwkvConfig config(RwkvVersion version) {
        return new RwkvConfig(version, Shapes.LAYERS, Shapes.C, version == RwkvVersion.V4 ? 0 : Shapes.H, Shapes.F,
                Shapes.V);
    }

    private static String refusal(Map<String, long[]> shapes, String what) {
        RwkvFormatException e = assertThrows(RwkvFormatException.class,
                () -> Architecture.detect(Shapes.file(shapes)), what);
        return e.getMessage();
    }

    private static void assertNames(String message, String tensor, RwkvVersion version) {
        assertTrue(message.contains(tensor), "expected " + tensor + " in: " + message);
        assertTrue(message.contains("for " + version + " ") || message.contains("for " + version + ",")
                || message.endsWith("for " + version), "expected " + version + " in: " + message);
    }

    @ParameterizedTest
    @EnumSource
    void shouldTellEveryVersionWithoutReadingWeights(RwkvVersion version) {
        assertEquals(config(version), Architecture.detect(Shapes.file(Shapes.of(version))));
    }

    @ParameterizedTest
    @EnumSource
    void shouldNameATensorThatIsMissing(RwkvVersion version) {
        for (String name : Shapes.of(version).keySet()) {
            Map<String, long[]> shapes = Shapes.of(version);
            shapes.remove(name);
            String message = refusal(shapes, name);
            assertNames(message, "tensor " + name + ":", version);
            assertTrue(message.contains("missing"), message);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldNameATensorThatIsMissingInAllLayers(RwkvVersion version) {
        for (String name : Shapes.of(version).keySet()) {
            if (name.startsWith("blocks.1.")) {
                String kind = name.substring("blocks.1.".length());
                Map<String, long[]> shapes = Shapes.of(version);
                shapes.keySet().removeIf(n -> n.endsWith("." + kind));
                String message = refusal(shapes, name);
                assertNames(message, "." + kind + ":", version);
                assertTrue(message.contains("missing"), message);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldNameATensorOfTheWrongShape(RwkvVersion version) {
        for (Map.Entry<String, long[]> entry : Shapes.of(version).entrySet()) {
            long[] shape = entry.getValue();
            for (int d = 0; d < shape.length; d++) {
                long[] wrong = shape.clone();
                wrong[d]++;
                assertNames(refusalOf(version, entry.getKey(), wrong), entry.getKey(), version);
            }
            long[] deeper = Arrays.copyOf(shape, shape.length + 1);
            deeper[shape.length] = 2;
            assertNames(refusalOf(version, entry.getKey(), deeper), entry.getKey(), version);
            assertNames(refusalOf(version, entry.getKey(), new long[0]), entry.getKey(), version);
        }
    }

    private static String refusalOf(RwkvVersion version, String name, long[] shape) {
        Map<String, long[]> shapes = Shapes.of(version);
        shapes.put(name, shape);
        return refusal(shapes, name + Arrays.toString(shape));
    }

    /** Of two layers that contradict each other, the one with a sensible number of heads is right. */
    @Test
    void shouldNameTheLayerWhoseRowsAndColumnsAreExchanged() {
        for (Map.Entry<RwkvVersion, String> entry : Map.of(RwkvVersion.V5_2, "att.time_decay", RwkvVersion.V7,
                "att.r_k").entrySet()) {
            for (int wrong = 0; wrong < 2; wrong++) {
                Map<String, long[]> shapes = Shapes.of(entry.getKey());
                shapes.keySet().removeIf(n -> n.startsWith("blocks.2."));
                String name = "blocks." + wrong + "." + entry.getValue();
                shapes.put(name, new long[]{Shapes.N, Shapes.H});
                assertNames(refusal(shapes, name), "tensor " + name + ":", entry.getKey());
            }
        }
    }

    @Test
    void shouldNameATensorOfIntegers() {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        Shapes.of(RwkvVersion.V7).forEach((name, shape) -> tensors.put(name, new Shapes.Empty(name,
                name.equals("blocks.1.att.k_k") ? DType.I32 : DType.F32, shape)));
        RwkvFormatException e = assertThrows(RwkvFormatException.class,
                () -> Architecture.detect(new TensorFile(Path.of("x.pth"), "test", tensors, Map.of())));
        assertEquals("x.pth, tensor blocks.1.att.k_k: expected floating-point elements for RWKV-7, found I32",
                e.getMessage());
    }

    @ParameterizedTest
    @EnumSource(names = {"V5_0", "V5_1"})
    void shouldAcceptBothNamesOfTheBonusWithOneValuePerHead(RwkvVersion version) {
        for (String name : new String[]{"time_faaaa", "time_first"}) {
            Map<String, long[]> shapes = new LinkedHashMap<>();
            Shapes.of(version).forEach((n, s) -> shapes.put(n.replaceFirst("time_(faaaa|first)", name), s));
            assertEquals(config(version), Architecture.detect(Shapes.file(shapes)));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"V7", "V7A"})
    void shouldAcceptWhatTheFirstLayerDoesNotUse(RwkvVersion version) {
        Map<String, long[]> shapes = Shapes.of(version);
        shapes.put("blocks.0.att.v0", new long[]{1, 1, Shapes.C});
        shapes.put("blocks.0.att.v1", new long[]{Shapes.C, 9});
        shapes.put("blocks.0.att.v2", new long[]{9, Shapes.C});
        assertEquals(config(version), Architecture.detect(Shapes.file(shapes)));
    }

    @Test
    void shouldLetEachLayerChooseItsRanks() {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V7);
        shapes.put("blocks.2.att.w1", new long[]{Shapes.C, 33});
        shapes.put("blocks.2.att.w2", new long[]{33, Shapes.C});
        assertEquals(config(RwkvVersion.V7), Architecture.detect(Shapes.file(shapes)));
    }

    @Test
    void shouldSayThatAMatrixIsTransposed() {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V7);
        shapes.put("blocks.0.att.w1", new long[]{5, Shapes.C});
        shapes.put("blocks.0.att.w2", new long[]{Shapes.C, 5});
        assertEquals("shapes.pth, tensor blocks.0.att.w1: expected shape [128, rank] for RWKV-7, found [5, 128];"
                + " rows and columns are exchanged, as some converters (web-rwkv's is one) store it",
                refusal(shapes, ""));
    }

    @ParameterizedTest
    @EnumSource(names = {"V5_2", "V6"})
    void shouldNotTakeRenamedTensorsForOthers(RwkvVersion version) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        Shapes.of(version).forEach((name, shape) -> shapes
                .put(name.replace("time_faaaa", "time_first").replace("time_maa", "time_mix"), shape));
        String message = refusal(shapes, "renamed");
        assertNames(message, version == RwkvVersion.V6 ? "blocks.0.att.time_maa_x" : "blocks.0.att.time_faaaa",
                version);
        assertTrue(message.contains("a converter renamed it"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwkv.blocks.0.attention.key.weight", "blocks.0.att.time_state", "transformer.h.0.weight"})
    void shouldSayWhatItFoundInAFileOfSomethingElse(String name) {
        String message = refusal(Map.of(name, new long[]{2, 2}), name);
        assertTrue(message.contains("expected an RWKV checkpoint") && message.contains(name), message);
    }

    @Test
    void shouldRefuseLayersThatAreNotThere() {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V4);
        shapes.put("blocks.999999.ln1.weight", new long[]{Shapes.C});
        assertTrue(refusal(shapes, "").contains("expected layers numbered without gaps, found layer 999999"));
        shapes.remove("blocks.999999.ln1.weight");
        shapes.put("blocks.4.ln1.weight", new long[]{Shapes.C});
        assertNames(refusal(shapes, ""), "tensor blocks.3.ln1.weight: missing", RwkvVersion.V4);
    }
}
