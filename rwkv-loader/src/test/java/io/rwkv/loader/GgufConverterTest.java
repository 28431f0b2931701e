package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.tensor.Elements;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.gguf.GgufFile;
import io.rwkv.loader.internal.gguf.GgufWriter;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

class GgufConverterTest {
    private static final int[] TOKENS = {1, 17, 4, 4, 29, 0, 8, 21, 12, 3, 5};

    @TempDir
    Path folder;

    private TensorFile checkpoint(RwkvVersion version) throws IOException {
        Path path = folder.resolve(version.number() + ".safetensors");
        Shapes.writer(Shapes.of(version)).write(path);
        return Checkpoints.open(path);
    }

    private Path convert(TensorFile checkpoint, DType type) throws IOException {
        Path out = folder.resolve(checkpoint.path().getFileName() + "." + type + ".gguf");
        GgufConverter.convert(checkpoint, out, type, null, (done, total) -> {});
        return out;
    }

    private static float[][] logits(Path path) throws IOException {
        try (RwkvModel model = Rwkv.open(path)) {
            return model.allLogits(TOKENS, model.newState());
        }
    }

    private static String fingerprint(Path path) throws IOException {
        try (RwkvModel model = Rwkv.open(path)) {
            return model.fingerprint();
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyVersionShouldComeBackAsItWas(RwkvVersion version) throws IOException {
        TensorFile checkpoint = checkpoint(version);
        Path out = convert(checkpoint, DType.F32);
        TensorFile found = Checkpoints.open(out);
        assertEquals("GGUF v3, rwkv" + Map.of(RwkvVersion.V5_0, "5_0", RwkvVersion.V5_1, "5_1", RwkvVersion.V5_2, "5_2")
                .getOrDefault(version, version.number()), found.format());
        assertEquals(checkpoint.names(), found.names());
        for (String name : checkpoint.names()) {
            StoredTensor expected = checkpoint.tensor(name);
            assertArrayEquals(expected.toFloats(), found.tensor(name, expected.shape()).toFloats(), name);
        }
        assertEquals(Architecture.detect(checkpoint), Architecture.detect(found));
        assertEquals(fingerprint(checkpoint.path()), fingerprint(out));
        assertArrayEquals(logits(checkpoint.path()), logits(out));
    }

    @ParameterizedTest
    @EnumSource
    void everyVersionShouldRunWithFewerBits(RwkvVersion version) throws IOException {
        TensorFile checkpoint = checkpoint(version);
        float[][] expected = logits(checkpoint.path());
        long before = Long.MAX_VALUE;
        for (DType type : List.of(DType.F32, DType.F16, DType.Q8_0, DType.Q4_0)) {
            Path out = convert(checkpoint, type);
            assertTrue(Files.size(out) < before, version + " " + type + " has " + Files.size(out) + " bytes");
            before = Files.size(out);
            double error = 0;
            double size = 0;
            float[][] found = logits(out);
            for (int t = 0; t < TOKENS.length; t++) {
                for (int i = 0; i < expected[t].length; i++) {
                    error += Math.pow(found[t][i] - expected[t][i], 2);
                    size += Math.pow(expected[t][i], 2);
                }
            }
            double relative = Math.sqrt(error / size);
            double limit = Map.of(DType.F32, 0.0, DType.F16, 0.01, DType.Q8_0, 0.1, DType.Q4_0, 0.7).get(type);
            assertTrue(relative <= limit, version + " " + type + ": relative error " + relative);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32, F32, F32, F32", "F16, F16, F16, F16", "BF16, BF16, BF16, BF16", "Q8_0, Q8_0, Q8_0, F16",
            "Q4_0, Q4_0, Q8_0, F16"})
    void eachKindOfTensorShouldHaveItsType(DType asked, DType matrix, DType table, DType small) throws IOException {
        for (RwkvVersion version : RwkvVersion.values()) {
            TensorFile found = Checkpoints.open(convert(checkpoint(version), asked));
            for (String name : found.names()) {
                DType expected = name.equals("emb.weight")
                        ? table
                        : name.matches(".*\\.(receptance|key|value|output|gate)\\.weight|head.weight")
                                ? matrix
                                : name.matches(".*(maa_w|decay_w|att\\.[wavg]|ffn\\.s)[12]|.*s_emb_x.weight")
                                        ? small
                                        // Rows of nine are not whole blocks.
                                        : name.endsWith("s_emb.weight") ? small : DType.F32;
                assertEquals(expected, found.tensor(name).dtype(), version + " " + name);
            }
        }
    }

    @Test
    void rowsThatAreNotWholeBlocksShouldKeep16Bits() throws IOException {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V4);
        shapes.replaceAll((name, shape) -> Arrays.stream(shape).map(n -> n == Shapes.F ? 161 : n).toArray());
        Shapes.writer(shapes).write(folder.resolve("odd.safetensors"));
        TensorFile found = Checkpoints.open(convert(Checkpoints.open(folder.resolve("odd.safetensors")), DType.Q8_0));
        assertEquals(DType.F16, found.tensor("blocks.0.ffn.value.weight").dtype());
        assertEquals(DType.Q8_0, found.tensor("blocks.0.ffn.key.weight").dtype());
    }

    @Test
    void blocksShouldBeThoseOfTheEncoder() throws IOException {
        TensorFile checkpoint = checkpoint(RwkvVersion.V7);
        MappedTensor found = (MappedTensor) Checkpoints.open(convert(checkpoint, DType.Q4_0))
                .tensor("blocks.1.att.key.weight");
        float[] values = checkpoint.tensor("blocks.1.att.key.weight").toFloats();
        ByteBuffer expected = ByteBuffer.allocate((int) DType.Q4_0.bytes(values.length));
        Elements.narrow(DType.Q4_0, values, 0, values.length, expected, 0);
        ByteBuffer bytes = found.file().slice(found.byteOffset(), expected.capacity());
        assertEquals(expected, bytes.order(ByteOrder.BIG_ENDIAN));
        assertTrue(found.isContiguous());
        assertEquals(0, found.byteOffset() % 32);
    }

    @Test
    void tensorsOfTheRightTypeShouldBeCopiedBitForBit() throws IOException {
        Path first = convert(checkpoint(RwkvVersion.V6), DType.Q8_0);
        Path second = convert(Checkpoints.open(first), DType.Q8_0);
        TensorFile a = Checkpoints.open(first);
        TensorFile b = Checkpoints.open(second);
        for (String name : a.names()) {
            assertArrayEquals(a.tensor(name).toFloats(), b.tensor(name).toFloats(), name);
            assertEquals(a.tensor(name).dtype(), b.tensor(name).dtype(), name);
        }
        assertEquals(fingerprint(first), fingerprint(second));
    }

    @Test
    void blocksThatTheEncoderWouldNotWriteShouldBeCopiedBitForBit() throws IOException {
        Path first = convert(checkpoint(RwkvVersion.V4), DType.Q4_0);
        MappedTensor key = (MappedTensor) Checkpoints.open(first).tensor("blocks.1.att.key.weight");
        byte[] bytes = Files.readAllBytes(first);
        for (int i = 0; i < DType.Q4_0.bytes(key.elementCount()); i++) {
            // No value is the scale times -8, as the one of the largest magnitude always is.
            bytes[(int) key.byteOffset() + i] |= i % 18 < 2 ? 0 : 0x11;
        }
        Path changed = Files.write(folder.resolve("changed.gguf"), bytes);
        MappedTensor expected = (MappedTensor) Checkpoints.open(changed).tensor("blocks.1.att.key.weight");
        MappedTensor found = (MappedTensor) Checkpoints.open(convert(Checkpoints.open(changed), DType.Q4_0))
                .tensor("blocks.1.att.key.weight");
        int length = (int) DType.Q4_0.bytes(key.elementCount());
        assertEquals(expected.file().slice(expected.byteOffset(), length),
                found.file().slice(found.byteOffset(), length));
    }

    @Test
    void metadataShouldSayWhatLlamaCppAsksFor() throws IOException {
        Map<String, String> seven = Checkpoints.open(convert(checkpoint(RwkvVersion.V7), DType.Q8_0)).metadata();
        assertEquals(Map.ofEntries(Map.entry("general.architecture", "rwkv7"), Map.entry("general.type", "model"),
                Map.entry("general.name", "7.safetensors.Q8_0"), Map.entry("general.file_type", "7"),
                Map.entry("general.quantization_version", "2"), Map.entry("rwkv7.vocab_size", "30"),
                Map.entry("rwkv7.context_length", "1048576"), Map.entry("rwkv7.embedding_length", "128"),
                Map.entry("rwkv7.block_count", "3"), Map.entry("rwkv7.feed_forward_length", "160"),
                Map.entry("rwkv7.attention.head_count", "0"), Map.entry("rwkv7.token_shift_count", "2"),
                Map.entry("rwkv7.attention.layer_norm_epsilon", String.valueOf((double) 1e-5f)),
                Map.entry("rwkv7.wkv.head_size", "64"), Map.entry("rwkv7.attention.decay_lora_rank", "5"),
                Map.entry("rwkv7.attention.iclr_lora_rank", "6"),
                Map.entry("rwkv7.attention.value_residual_mix_lora_rank", "7"),
                Map.entry("rwkv7.attention.gate_lora_rank", "8"), Map.entry("tokenizer.ggml.model", "no_vocab")),
                seven);
        Map<String, String> six = Checkpoints.open(convert(checkpoint(RwkvVersion.V6), DType.F16)).metadata();
        assertEquals("6", six.get("rwkv6.time_mix_extra_dim"));
        assertEquals("7", six.get("rwkv6.time_decay_extra_dim"));
        assertEquals("0", six.get("rwkv6.rescale_every_n_layers"));
        assertEquals("1", six.get("general.file_type"));
        // The first layer's values are not mixed; it has weights all the same, in the shapes of another projection's.
        GgufFile raw = GgufFile.read(MappedFile.open(convert(checkpoint(RwkvVersion.V7), DType.F32)));
        assertArrayEquals(raw.tensors().get("blk.0.time_mix_a1.weight").toFloats(),
                raw.tensors().get("blk.0.time_mix_v1.weight").toFloats());
        assertArrayEquals(new long[]{6, 1, 1, 128}, raw.tensors().get("blk.2.time_mix_lerp_fused.weight").shape());
        assertArrayEquals(new long[]{128}, raw.tensors().get("blk.2.time_mix_r_k.weight").shape());
        assertArrayEquals(new long[]{5, 128}, raw.tensors().get("blk.2.time_mix_w1.weight").shape());
    }

    @Test
    void ranksThatDifferBetweenLayersShouldBeRefusedForLlamaCpp() throws IOException {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V7);
        shapes.put("blocks.2.att.g1", new long[]{Shapes.C, 9});
        shapes.put("blocks.2.att.g2", new long[]{9, Shapes.C});
        Shapes.writer(shapes).write(folder.resolve("ranks.safetensors"));
        TensorFile file = Checkpoints.open(folder.resolve("ranks.safetensors"));
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> convert(file, DType.F32));
        assertTrue(e.getMessage().contains("tensor blocks.2.att.g2: expected the rank 8 of the layers before"),
                e.getMessage());
    }

    private TensorFile with(String name, float value) throws IOException {
        Map<String, long[]> shapes = Shapes.of(RwkvVersion.V7);
        SafetensorsWriter writer = new SafetensorsWriter();
        Shapes.values(shapes).forEach((n, values) -> {
            if (n.equals(name)) {
                values[5] = value;
            }
            writer.floats(n, shapes.get(n), values);
        });
        Path path = folder.resolve("with.safetensors");
        Files.deleteIfExists(path);
        writer.write(path);
        return Checkpoints.open(path);
    }

    @ParameterizedTest
    @CsvSource({"Q8_0, NaN, expected finite values", "Q4_0, Infinity, expected finite values",
            "Q4_0, 1e7, expected values that a block", "F16, 65520, expected values up to 65504"})
    void weightsThatTheTypeCannotHoldShouldBeRefusedAndNothingLeftBehind(DType type, float value, String message)
            throws IOException {
        TensorFile file = with("blocks.1.ffn.value.weight", value);
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> convert(file, type));
        assertTrue(
                e.getMessage()
                        .contains("tensor blocks.1.ffn.value.weight: cannot be written as " + type + ": " + message),
                e.getMessage());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file.path()), files.toList());
        }
    }

    @Test
    void infinityAndNanShouldStayWhatTheyAreIn16Bits() throws IOException {
        for (float value : new float[]{Float.NaN, Float.NEGATIVE_INFINITY}) {
            TensorFile found = Checkpoints.open(convert(with("blocks.1.ffn.value.weight", value), DType.F16));
            assertEquals(value, found.tensor("blocks.1.ffn.value.weight").toFloats()[5]);
        }
    }

    @Test
    void anExistingFileShouldBeReplacedWholeOrNotAtAll() throws IOException {
        TensorFile bad = with("head.weight", Float.NaN);
        Path out = Files.writeString(folder.resolve("with.safetensors.Q8_0.gguf"), "before");
        assertThrows(RwkvFormatException.class, () -> convert(bad, DType.Q8_0));
        assertEquals("before", Files.readString(out));
        assertEquals(out, convert(with("head.weight", 1), DType.Q8_0));
        assertEquals(RwkvVersion.V7, Architecture.detect(Checkpoints.open(out)).version());
    }

    @Test
    void progressShouldRiseToTheWhole() throws IOException {
        List<Long> done = new ArrayList<>();
        long[] total = {0};
        Path out = folder.resolve("progress.gguf");
        GgufConverter.convert(checkpoint(RwkvVersion.V5_2), out, DType.BF16, null, (d, t) -> {
            done.add(d);
            total[0] = t;
        });
        assertTrue(done.size() > 50, done.size() + " reports");
        assertEquals(done.stream().sorted().toList(), done);
        assertEquals(total[0], done.get(done.size() - 1));
        assertTrue(total[0] <= Files.size(out) && total[0] > Files.size(out) / 2, total[0] + " of " + Files.size(out));
    }

    @Test
    void otherTypesShouldBeRefused() throws IOException {
        TensorFile file = checkpoint(RwkvVersion.V4);
        assertEquals(Set.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0, DType.Q4_0), GgufConverter.types());
        for (DType type : DType.values()) {
            if (!GgufConverter.types().contains(type)) {
                assertThrows(IllegalArgumentException.class, () -> convert(file, type));
            }
        }
    }

    /** A table of hundreds of megabytes that is stored nowhere. */
    @Test
    void theWriterShouldRefuseWhatCouldNotBeReadBack() {
        GgufWriter writer = new GgufWriter(Path.of("x.pth")).integer("key", 1).tensor("t", DType.F32, new long[]{2},
                List.of(new Zeros("t", new long[]{2})));
        assertThrows(IllegalStateException.class, () -> writer.text("key", "again"));
        for (long[] shape : new long[][]{{2}, {3}}) { // a name for the second time; more than there is
            String name = shape[0] == 2 ? "t" : "u";
            assertThrows(RwkvFormatException.class, () -> writer.tensor(name, DType.F32, shape,
                    List.of(new Zeros(name, new long[]{2}))));
        }
    }

    @Test
    void float64BeyondFloat32ShouldBeRefusedByName() throws IOException {
        double[] values = new double[32];
        values[7] = -1e100;
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        Path path = Files.write(folder.resolve("x"), bytes.array());
        StoredTensor tensor = MappedTensor.contiguous(MappedFile.open(path), "t", DType.F64, new long[]{32}, 0);
        for (DType type : GgufConverter.types()) {
            GgufWriter writer = new GgufWriter(path).tensor("t", type, new long[]{32}, List.of(tensor));
            RwkvFormatException e = assertThrows(RwkvFormatException.class,
                    () -> writer.write(folder.resolve("out.gguf"), (done, total) -> {}));
            assertEquals("t", e.tensor());
            assertTrue(e.getMessage().endsWith("expected values in the range of float32, found -1.0E100"),
                    e.getMessage());
        }
    }

    private record Zeros(String name, long[] shape) implements StoredTensor {
        @Override
        public DType dtype() {
            return DType.F32;
        }

        @Override
        public long elementCount() {
            return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        }

        @Override
        public void read(long first, float[] to, int at, int count) {
            Arrays.fill(to, at, at + count, 0);
        }
    }

    @Test
    void memoryShouldStayFarBelowTheModelsSize() throws IOException {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        Shapes.of(RwkvVersion.V4).forEach((name, shape) -> tensors.put(name,
                new Zeros(name, shape[0] == Shapes.V ? new long[]{1 << 19, Shapes.C} : shape)));
        Path source = Files.writeString(folder.resolve("zeros"), "no GGUF file");
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        Path out = convert(new TensorFile(source, "test", tensors, Map.of()), DType.Q8_0);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(Files.size(out) > 2 * 71_000_000, Files.size(out) + " bytes");
        assertTrue(allocated < 8 << 20, allocated + " bytes allocated");
    }
}
