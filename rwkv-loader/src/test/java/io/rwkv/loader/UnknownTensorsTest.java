package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A tensor that a version does not have is an error that names it, wherever it stands and whatever it is. */
class UnknownTensorsTest {
    private static final List<String> STRANGERS = List.of("extra", "", ".", "weight", "emb.weights", "emb.bias",
            "head.bias", "ln_out", "blocks", "blocks.0", "blocks.0.", "blocks.0.ln1", "blocks.00.ln1.weight",
            "blocks.-1.ln1.weight", "blocks.1.ln0.weight", "blocks.0.att.key.weight.extra", "blocks.1.att.key.bias",
            "blocks.1.att.key.lora_A", "blocks.2.ffn.unheard_of", "blocks.2.att.inner.key.weight",
            "Blocks.0.ln1.weight",
            "blocks.3.ffn.unheard_of", "blocks.999999.unheard_of", "blocks.1234567.ln1.weight", "module.emb.weight",
            "rwkv.blocks.0.att.key.weight", "blocks.0.ffn.enn.weight", "model.layers.0.mlp.x_k");

    @TempDir
    Path folder;

    private static TensorFile with(RwkvVersion version, String name, DType type, long... shape) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        tensors.put(name, new Shapes.Empty(name, type, shape)); // first, so that it is not found by its place
        Shapes.of(version).forEach((n, s) -> tensors.put(n, new Shapes.Empty(n, DType.F32, s)));
        return new TensorFile(Path.of("x.pth"), "test", tensors, Map.of());
    }

    private static String refusal(String name, TensorFile file) {
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Architecture.detect(file), name);
        assertEquals(name, e.tensor(), e.getMessage());
        return e.getMessage();
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeRefusedWhereverTheyStand(RwkvVersion version) {
        for (String name : STRANGERS) {
            String message = refusal(name, with(version, name, DType.F32, Shapes.C));
            assertTrue(message.contains("expected only tensors of " + version + ", found one more, F32[128]"), message);
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeRefusedWhateverTheyHold(RwkvVersion version) {
        for (DType type : List.of(DType.F16, DType.I64, DType.U8, DType.BOOL, DType.Q8_0)) {
            for (long[] shape : new long[][]{{}, {0}, {1}, {Shapes.C, 0}, {32, 32}}) {
                for (String name : List.of("step", "blocks.1.att.step")) {
                    String message = refusal(name, with(version, name, type, shape));
                    assertTrue(message.contains(type + Arrays.toString(shape)), message);
                }
            }
        }
    }

    /** Each version's own tensors are unknown to all versions that lack them. */
    @ParameterizedTest
    @EnumSource
    void thoseOfOtherVersionsShouldBeRefused(RwkvVersion version) {
        Map<String, long[]> own = Shapes.of(version);
        for (RwkvVersion other : RwkvVersion.values()) {
            Shapes.of(other).forEach((name, shape) -> {
                boolean namesTheSame = name.endsWith("att.time_first") || name.endsWith("att.time_faaaa");
                if (!own.containsKey(name) && !namesTheSame && !(version.number().startsWith("7")
                        && name.matches("blocks\\.0\\.att\\.v[012]"))) {
                    String message = refusal(name, with(version, name, DType.F32, shape));
                    assertTrue(message.contains("expected only tensors of " + version), message);
                }
            });
        }
    }

    @Test
    void twoNamesForOneTensorShouldBeRefused() {
        String message = refusal("blocks.1.att.time_first",
                with(RwkvVersion.V5_1, "blocks.1.att.time_first", DType.F32, Shapes.H));
        assertTrue(message.contains("blocks.1.att.time_faaaa"), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"V7 | blocks.1.ffn.enn.weight | RWKV-8", "V7A | blocks.0.qkv.k1 | RWKV-7b",
            "V7 | blocks.2.qkv.ennk.weight | hybrid", "V4 | head_q.weight | copy head", "V4 | copy_mask | copy head",
            "V4 | pos_emb_x | position embeddings", "V4 | blocks.1.tiny_q.weight | RWKV-4a",
            "V4 | blocks.1.tiny_mask | RWKV-4a", "V4 | blocks.0.att.qq.weight | RWKV-4b",
            "V4 | blocks.2.att.time_mix_vv | RWKV-4b", "V4 | blocks.0.ffnPre.key.weight | ffnPre",
            "V4 | blocks.0.att.time_mix | RWKV-2", "V4 | blocks.0.att.time_state | tuned initial state",
            "V6 | blocks.0.att.key.lora_B | adapter", "V7 | blocks.0.att.key.init_lora_A | PiSSA",
            "V7 | base_model.model.blocks.0.att.key.lora_A.default.weight | adapter",
            "V7 | blocks.0.ffn.value.disha | Bone", "V7 | blocks.0.ffn.value.bone | Bone",
            "V7 | vit.vision_model.embeddings.position_embedding.weight | images", "V7 | proj.gate.weight | images",
            "V7 | head.sts_head.fc1.weight | EmbeddingRWKV", "V7 | reranker.emb.weight | reranker",
            "V7 | _orig_mod.head.weight | prefix \"_orig_mod.\"", "V7 | a.b.blocks.1.ln1.bias | prefix \"a.b.\"",
            "V4 | rwkv.blocks.0.attention.key.weight | transformers", "V7 | model.embed_tokens.weight | rwkv-rs",
            "V4 | blocks.0.att.key.weight_mx | ChatRWKV", "V4 | blocks.0.att.key.qweight | quantised",
            "V7 | state.0.att_kv | loadState reads saved states", "V7 | something.else | nothing is known of it"})
    void theMessageShouldSayWhatTheyProbablyAre(RwkvVersion version, String name, String explanation) {
        String message = refusal(name, with(version, name, DType.F32, 4, 8));
        assertTrue(message.contains(explanation), message);
    }

    @Test
    void aTunedStateAloneShouldBeToldAsThat() {
        TensorFile state = new TensorFile(Path.of("x.pth"), "test", Map.of("blocks.0.att.time_state",
                new Shapes.Empty("blocks.0.att.time_state", DType.F32, new long[]{2, 64, 64})), Map.of());
        String message = assertThrows(RwkvFormatException.class, () -> Architecture.detect(state)).getMessage();
        assertTrue(message.contains("; it is a tuned initial state, which is no model by itself"), message);
    }

    @Test
    void theMessageShouldNameTheTellingOneAndCountTheRest() {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V7);
        shapes.put("a", new long[]{3});
        for (int layer = 0; layer < Shapes.LAYERS; layer++) {
            shapes.put("blocks." + layer + ".ffn.enn.weight", new long[]{Shapes.V, Shapes.C});
        }
        String message = refusal("blocks.0.ffn.enn.weight", Shapes.file(shapes));
        assertTrue(message.contains("F32[30, 128] (and 3 others); RWKV-8 has it"), message);
        shapes.keySet().removeIf(name -> name.endsWith("enn.weight") && !name.startsWith("blocks.0."));
        message = refusal("blocks.0.ffn.enn.weight", Shapes.file(shapes));
        assertTrue(message.contains("F32[30, 128] (and another); RWKV-8 has it"), message);
    }

    @ParameterizedTest
    @EnumSource(names = {"V7", "V7A"})
    void whatTheFirstLayerDoesNotUseShouldBeThatAndNothingElse(RwkvVersion version) {
        String name = "blocks.0.att.v1";
        Architecture.detect(with(version, name, DType.F32, Shapes.C, 9));
        for (long[] shape : new long[][]{{9, Shapes.C}, {Shapes.C}, {Shapes.C, 0}, {}}) {
            assertTrue(refusal(name, with(version, name, DType.F32, shape)).contains("expected shape"));
        }
        assertTrue(refusal(name, with(version, name, DType.I32, Shapes.C, 9)).contains("floating-point"));
    }

    @ParameterizedTest
    @EnumSource
    void lengthsOfOneShouldStandOnlyWhereTheyMeanNothing(RwkvVersion version) {
        for (Map.Entry<String, long[]> entry : Shapes.of(version).entrySet()) {
            String name = entry.getKey();
            long[] plain = Arrays.stream(entry.getValue()).filter(n -> n != 1).toArray();
            boolean vector = plain.length == 1;
            boolean ranked = name.matches(".*(_w[12]|att\\.[wavg][12]|ffn\\.s[12]|s_emb.*)");
            assertEquals(!ranked, accepted(version, name, prepended(plain)), name);
            assertEquals(!ranked, accepted(version, name, prepended(prepended(plain))), name);
            // One value per head may be a column; one per channel is of RWKV-2 and RWKV-3 then.
            assertEquals(!ranked && (!vector || plain[0] == Shapes.H), accepted(version, name, appended(plain)), name);
            assertEquals(!ranked && !vector, accepted(version, name, appended(appended(plain))), name);
        }
    }

    private static boolean accepted(RwkvVersion version, String name, long[] shape) {
        Map<String, long[]> shapes = Shapes.of(version);
        shapes.put(name, shape);
        try {
            return Architecture.detect(Shapes.file(shapes)).version() == version;
        } catch (RwkvFormatException e) {
            assertEquals(name, e.tensor(), e.getMessage());
            return false;
        }
    }

    private static long[] prepended(long[] shape) {
        long[] longer = new long[shape.length + 1];
        longer[0] = 1;
        System.arraycopy(shape, 0, longer, 1, shape.length);
        return longer;
    }

    private static long[] appended(long[] shape) {
        long[] longer = Arrays.copyOf(shape, shape.length + 1);
        longer[shape.length] = 1;
        return longer;
    }

    @Test
    void decaysInColumnsShouldBeToldAsRwkv3() {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V4);
        shapes.replaceAll((n, s) -> n.matches(".*time_(decay|first)") ? new long[]{Shapes.C, 1} : s);
        String message = refusal("blocks.0.att.time_decay", Shapes.file(shapes));
        assertTrue(message.contains("expected shape [128] for RWKV-4, found [128, 1]"), message);
        assertTrue(message.contains("RWKV-3"), message);
    }

    @ParameterizedTest
    @EnumSource(names = {"V5_0", "V5_1"})
    void oneValuePerHeadMayBeAColumnInAllLayers(RwkvVersion version) throws IOException {
        Map<String, long[]> shapes = Shapes.of(version);
        Path plain = folder.resolve("plain");
        Shapes.writer(shapes).write(plain);
        shapes.replaceAll((n, s) -> n.matches(".*time_(decay|first|faaaa)") ? new long[]{Shapes.H, 1} : s);
        assertEquals(version, Architecture.detect(Shapes.file(shapes)).version());
        Path columns = folder.resolve("columns");
        Shapes.writer(shapes).write(columns);
        try (var expected = Rwkv.open(plain); var found = Rwkv.open(columns)) {
            assertEquals(Arrays.toString(expected.logits(new int[]{1, 2}, expected.newState())),
                    Arrays.toString(found.logits(new int[]{1, 2}, found.newState())));
        }
    }

    private static TensorFile withUnread(String name, String type) {
        TensorFile.Builder file = TensorFile.builder(Path.of("x.pth"), "test");
        file.unread(name, type);
        Shapes.of(RwkvVersion.V7).forEach((n, s) -> {
            if (!n.equals(name)) {
                file.tensor(n, new Shapes.Empty(n, DType.F32, s));
            }
        });
        return file.build();
    }

    /** Of types that are not read, and outside of the layers, they may be the baggage of whoever wrote the file. */
    @ParameterizedTest
    @ValueSource(strings = {"unused", "extra.weight", "", "F8_E4M3"})
    void baggageOfUnreadTypesShouldBeLeftOut(String name) {
        assertEquals(RwkvVersion.V7, Architecture.detect(withUnread(name, "U16")).version());
    }

    @ParameterizedTest
    @ValueSource(strings = {"blocks.1.ffn.unheard_of", "blocks.1.ffn.enn.weight", "head_q.weight", "copy_mask",
            "pos_emb_x",
            "blocks.9.unused", "blocks.0.att.key.lora_A", "module.emb.weight", "emb.weight", "head.weight",
            "blocks.1.att.key.weight", "blocks.0.att.r_k", "blocks.0.ln0.bias"})
    void weightsOfUnreadTypesShouldNotBe(String name) {
        assertTrue(refusal(name, withUnread(name, "F8_E4M3")).contains("F8_E4M3"));
    }

    @ParameterizedTest
    @EnumSource
    void shouldBeLeftOutWhereThatIsAskedFor(RwkvVersion version) throws IOException {
        Map<String, long[]> shapes = Shapes.of(version);
        Path plain = folder.resolve("plain");
        Shapes.writer(shapes).write(plain);
        shapes.put("extra", new long[]{2});
        shapes.put("blocks.1.att.key.lora_A", new long[]{2, Shapes.C});
        shapes.put("blocks.3.unheard_of", new long[]{0});
        Path more = folder.resolve("more");
        Shapes.writer(shapes).write(more);
        RwkvOptions ignoring = RwkvOptions.builder().ignoreUnknownTensors(true).build().toBuilder().threads(1).build();
        assertTrue(ignoring.ignoreUnknownTensors());
        assertFalse(RwkvOptions.defaults().ignoreUnknownTensors());
        assertThrows(RwkvFormatException.class, () -> Rwkv.open(more));
        TensorFile file = Checkpoints.open(more);
        RwkvConfig config = Architecture.detect(Checkpoints.open(plain));
        try (RwkvModel expected = Rwkv.open(plain);
                RwkvModel found = Rwkv.open(more, ignoring);
                RwkvModel loaded = RwkvModel.load(file, config, ignoring)) {
            assertEquals(expected.fingerprint(), found.fingerprint());
            assertEquals(expected.fingerprint(), loaded.fingerprint());
            assertArrayEquals(expected.logits(new int[]{1, 2}, expected.newState()),
                    found.logits(new int[]{1, 2}, found.newState()));
        }
        assertThrows(RwkvFormatException.class, () -> RwkvModel.load(file, config, RwkvOptions.defaults()));
        // What is missing or misshapen stays an error.
        shapes.remove("ln_out.bias");
        Path less = folder.resolve("less");
        Shapes.writer(shapes).write(less);
        assertThrows(RwkvFormatException.class, () -> Rwkv.open(less, ignoring));
    }

    /** In each container, and by each way into the library. */
    @Test
    void shouldBeRefusedInEveryContainer() throws IOException {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V4);
        shapes.replaceAll((n, s) -> Arrays.stream(s).map(length -> length == Shapes.C ? 8 : length).toArray());
        shapes.put("blocks.1.att.unheard_of", new long[]{2});
        SafetensorsWriter safetensors = Shapes.writer(shapes);
        Path first = folder.resolve("model.safetensors");
        safetensors.write(first);

        GgufBuilder gguf = new GgufBuilder().architecture("rwkv4");
        Shapes.values(shapes).forEach((n, values) -> gguf.tensor(n, values, shapes.get(n)));
        Path second = Files.write(folder.resolve("model.gguf"), gguf.build());

        PickleBuilder pickle = PickleBuilder.dict();
        int key = 0;
        byte[][] storages = new byte[shapes.size()][];
        for (Map.Entry<String, float[]> entry : Shapes.values(shapes).entrySet()) {
            long[] shape = shapes.get(entry.getKey());
            long[] strides = new long[shape.length];
            long stride = 1;
            for (int d = shape.length - 1; d >= 0; d--) {
                strides[d] = stride;
                stride *= shape[d];
            }
            pickle.string(entry.getKey()).tensor("" + key, stride, 0, shape, strides);
            storages[key++] = GgufBuilder.floats(entry.getValue());
        }
        Path third = Files.write(folder.resolve("model.pth"),
                ZipBuilder.checkpoint(pickle.endDict(), storages).bytes());

        for (Path path : List.of(first, second, third)) {
            RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Rwkv.open(path));
            assertEquals("blocks.1.att.unheard_of", e.tensor(), e.getMessage());
            Path out = folder.resolve("out.gguf");
            e = assertThrows(RwkvFormatException.class, () -> GgufConverter.convert(Checkpoints.open(path), out,
                    DType.F32, null, (done, total) -> {}));
            assertEquals("blocks.1.att.unheard_of", e.tensor(), e.getMessage());
            assertTrue(Files.notExists(out));
        }
    }
}
