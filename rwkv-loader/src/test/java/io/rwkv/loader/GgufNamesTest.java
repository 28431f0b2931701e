package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Files laid out as llama.cpp's converter lays them out, worked out here independently of the code under test. */
class GgufNamesTest {
    private static final int C = Shapes.C;

    @TempDir
    Path folder;

    /** A tensor as it is in the file. */
    private record Values(long[] shape, float[] array) {
        /** With the last two dimensions exchanged. */
        Values transposed() {
            int rows = (int) shape[shape.length - 2];
            int columns = (int) shape[shape.length - 1];
            float[] to = new float[array.length];
            for (int i = 0; i < array.length; i++) {
                int matrix = i / (rows * columns) * rows * columns;
                int within = i - matrix;
                to[matrix + within % columns * rows + within / columns] = array[i];
            }
            long[] turned = shape.clone();
            turned[shape.length - 2] = columns;
            turned[shape.length - 1] = rows;
            return new Values(turned, to);
        }

        Values flat() {
            return new Values(new long[]{array.length}, array);
        }

        Values divided(float by) {
            float[] to = array.clone();
            for (int i = 0; i < to.length; i++) {
                to[i] /= by;
            }
            return new Values(shape, to);
        }
    }

    private static Map<String, Values> own(RwkvVersion version) {
        Map<String, long[]> shapes = Shapes.of(version);
        Map<String, Values> own = new LinkedHashMap<>();
        Shapes.values(shapes).forEach((name, array) -> own.put(name, new Values(shapes.get(name), array)));
        return own;
    }

    private static Map<String, String> names(RwkvVersion version) {
        Map<String, String> names = new HashMap<>();
        names.put("ln1", "attn_norm");
        names.put("ln2", "attn_norm_2");
        names.put("att.ln_x", "time_mix_ln");
        for (String name : List.of("receptance", "key", "value", "output", "gate")) {
            names.put("att." + name, "time_mix_" + name);
        }
        for (String name : List.of("receptance", "key", "value")) {
            names.put("ffn." + name, "channel_mix_" + name);
        }
        if (version == RwkvVersion.V6) {
            names.putAll(Map.of("att.time_maa_x", "time_mix_lerp_x", "att.time_maa_w1", "time_mix_w1",
                    "att.time_maa_w2", "time_mix_w2", "att.time_faaaa", "time_mix_first", "att.time_decay",
                    "time_mix_decay", "att.time_decay_w1", "time_mix_decay_w1", "att.time_decay_w2",
                    "time_mix_decay_w2", "ffn.time_maa_k", "channel_mix_lerp_k", "ffn.time_maa_r",
                    "channel_mix_lerp_r"));
        } else {
            for (String name : List.of("w0", "w1", "w2", "a0", "a1", "a2", "v0", "v1", "v2", "g1", "g2", "k_k", "k_a",
                    "r_k")) {
                names.put("att." + name, "time_mix_" + name);
            }
            names.put("ffn.x_k", "channel_mix_lerp_k");
        }
        return names;
    }

    private static Map<String, Values> toFile(RwkvVersion version, Map<String, Values> own) {
        Map<String, String> names = names(version);
        Map<String, Values> file = new LinkedHashMap<>();
        own.forEach((name, values) -> {
            if (!name.startsWith("blocks.")) {
                file.put(Map.of("emb.weight", "token_embd.weight", "head.weight", "output.weight", "ln_out.weight",
                        "output_norm.weight", "ln_out.bias", "output_norm.bias").get(name), values);
            } else if (name.startsWith("blocks.0.ln0.")) {
                file.put(name.replace("blocks.0.ln0", "token_embd_norm"), values);
            } else if (!name.matches(".*att\\.(x_.|time_maa_[wkvrg])")) {
                String[] parts = name.split("\\.", 3);
                String stem = parts[2].replaceFirst("\\.(weight|bias)$", "");
                String suffix = parts[2].endsWith(".bias") ? ".bias" : ".weight";
                boolean small = stem.matches("att\\.([wavg]|time_maa_w|time_decay_w)[12]");
                boolean vector = stem.matches("att\\.(time_maa_x|time_decay|r_k|k_.|[wav]0)|ffn\\.(x_k|time_maa_.)");
                file.put("blk." + parts[1] + "." + names.get(stem) + suffix,
                        small ? values.transposed() : vector ? values.flat() : values);
            }
        });
        for (int layer = 0; layer < Shapes.LAYERS; layer++) {
            String mixes = version == RwkvVersion.V6 ? "wkvrg" : "rwkvag";
            String prefix = "blocks." + layer + (version == RwkvVersion.V6 ? ".att.time_maa_" : ".att.x_");
            float[] all = new float[mixes.length() * C];
            for (int i = 0; i < mixes.length(); i++) {
                System.arraycopy(own.get(prefix + mixes.charAt(i)).array, 0, all, i * C, C);
            }
            file.put("blk." + layer + ".time_mix_lerp_fused.weight",
                    new Values(new long[]{mixes.length(), 1, 1, C}, all));
        }
        return file;
    }

    private static GgufBuilder builder(RwkvVersion version, Map<String, Values> file) {
        String architecture = version == RwkvVersion.V6 ? "rwkv6" : "rwkv7";
        GgufBuilder builder = new GgufBuilder().architecture(architecture).key(architecture + ".wkv.head_size",
                GgufBuilder.U32, GgufBuilder.u32(Shapes.N));
        file.forEach((name, values) -> builder.tensor(name, values.array, values.shape));
        return builder;
    }

    private static void assertSame(Map<String, Values> expected, TensorFile found) {
        assertEquals(expected.keySet(), found.names());
        expected.forEach((name, values) -> {
            StoredTensor tensor = found.tensor(name, values.shape);
            assertArrayEquals(values.array, tensor.toFloats(), name);
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"V6", "V7"})
    void everyTensorShouldBeShownAsItWasBefore(RwkvVersion version) {
        Map<String, Values> own = own(version);
        TensorFile file = Fixtures.open(folder, builder(version, toFile(version, own)).build());
        assertSame(own, file);
        RwkvConfig config = Architecture.detect(file);
        assertEquals(new RwkvConfig(version, Shapes.LAYERS, C, Shapes.H, Shapes.F, Shapes.V), config);
        // Where nothing was rearranged, engines can take the bytes as they are.
        for (String name : List.of("emb.weight", "blocks.1.att.key.weight", "blocks.2.ffn.value.weight")) {
            assertTrue(assertInstanceOf(MappedTensor.class, file.tensor(name)).isContiguous(), name);
        }
    }

    @Test
    void theStandInsOfTheFirstLayerShouldBeLeftOut() {
        Map<String, Values> own = own(RwkvVersion.V7);
        Map<String, Values> file = toFile(RwkvVersion.V7, own);
        for (String number : List.of("0", "1", "2")) {
            file.put("blk.0.time_mix_v" + number + ".weight", file.get("blk.0.time_mix_a" + number + ".weight"));
        }
        assertSame(own, Fixtures.open(folder, builder(RwkvVersion.V7, file).build()));
    }

    @Test
    void mixesByThemselvesShouldBeReadToo() {
        Map<String, Values> own = own(RwkvVersion.V6);
        Map<String, Values> file = toFile(RwkvVersion.V6, own);
        for (int layer = 0; layer < Shapes.LAYERS; layer++) {
            file.remove("blk." + layer + ".time_mix_lerp_fused.weight");
            for (String mix : List.of("w", "k", "v", "r", "g")) {
                file.put("blk." + layer + ".time_mix_lerp_" + mix + ".weight",
                        own.get("blocks." + layer + ".att.time_maa_" + mix));
            }
        }
        TensorFile found = Fixtures.open(folder, builder(RwkvVersion.V6, file).build());
        assertSame(own, found);
        assertEquals("blk.1.time_mix_lerp_g.weight", found.nameInFile("blocks.1.att.time_maa_g"));
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 2, 4", "2, 1, 1, 2", "3, 1, 1, 1", "0, 1, 1, 1"})
    void weightsThatWereHalvedEveryFewLayersShouldBeDoubledAgain(int every, float first, float second, float third) {
        Map<String, Values> own = own(RwkvVersion.V6);
        float[] divisors = {first, second, third};
        Map<String, Values> halved = new LinkedHashMap<>(own);
        for (int layer = 0; layer < Shapes.LAYERS; layer++) {
            for (String name : List.of("att.output.weight", "ffn.value.weight")) {
                String whole = "blocks." + layer + "." + name;
                halved.put(whole, own.get(whole).divided(divisors[layer]));
            }
        }
        GgufBuilder builder = builder(RwkvVersion.V6, toFile(RwkvVersion.V6, halved))
                .key("rwkv6.rescale_every_n_layers", GgufBuilder.U32, GgufBuilder.u32(every));
        TensorFile found = Fixtures.open(folder, builder.build());
        assertSame(own, found);
        float[] some = new float[4];
        found.tensor("blocks.2.ffn.value.weight").read(5, some, 1, 2);
        float[] all = own.get("blocks.2.ffn.value.weight").array;
        assertArrayEquals(new float[]{0, all[5], all[6], 0}, some);
    }

    @Test
    void aSmallMatrixInBlocksShouldBeShownTransposed() {
        Map<String, Values> own = own(RwkvVersion.V7);
        Map<String, Values> file = toFile(RwkvVersion.V7, own);
        Values a1 = file.remove("blk.1.time_mix_a1.weight");
        GgufBuilder builder = builder(RwkvVersion.V7, file).tensor("blk.1.time_mix_a1.weight", DType.Q8_0, 8, a1.array,
                a1.shape);
        TensorFile found = Fixtures.open(folder, builder.build());
        StoredTensor tensor = found.tensor("blocks.1.att.a1", own.get("blocks.1.att.a1").shape);
        assertEquals(DType.Q8_0, tensor.dtype());
        assertArrayEquals(own.get("blocks.1.att.a1").array, tensor.toFloats(), 0.01f);
        assertEquals(RwkvVersion.V7, Architecture.detect(found).version());
    }

    @Test
    void nameInFileShouldBeTheFilesOwnForEveryTensor() {
        for (RwkvVersion version : List.of(RwkvVersion.V6, RwkvVersion.V7)) {
            Map<String, Values> file = toFile(version, own(version));
            TensorFile found = Fixtures.open(folder, builder(version, file).build());
            for (String name : found.names()) {
                assertTrue(file.containsKey(found.nameInFile(name)), name + " → " + found.nameInFile(name));
                assertEquals(found.tensor(name).name(), found.nameInFile(name));
            }
            assertEquals("blocks.0.att.sing", found.nameInFile("blocks.0.att.sing"));
        }
    }

    private void assertRefused(RwkvVersion version,
            BiFunction<Map<String, Values>, Map<String, Values>, GgufBuilder> change,
            String message) {
        Map<String, Values> own = own(version);
        byte[] bytes = change.apply(toFile(version, own), own).build();
        String found = assertThrows(RwkvFormatException.class,
                () -> Architecture.detect(Fixtures.open(folder, bytes))).getMessage();
        assertTrue(found.contains(message), found);
    }

    @Test
    void whatIsNoSuchModelShouldBeRefused() {
        RwkvVersion v6 = RwkvVersion.V6;
        RwkvVersion v7 = RwkvVersion.V7;
        Values vector = new Values(new long[]{C}, new float[C]);
        assertRefused(v7, (file, own) -> {
            file.put("blk.0.attn_q.weight", vector);
            return builder(v7, file);
        }, "tensor blk.0.attn_q.weight: expected the tensors of an rwkv7 as llama.cpp names them, which this is none of");
        assertRefused(v7, (file, own) -> {
            file.put("blk.0.time_mix_key.weight.lora_a", vector);
            return builder(v7, file);
        }, "which this is none of; it belongs to an adapter");
        assertRefused(v7,
                (file, own) -> builder(v7, file).key("general.type", GgufBuilder.STRING, GgufBuilder.text("adapter")),
                "expected for general.type model, found adapter");
        assertRefused(v7, (file, own) -> {
            file.put("blk.0.output.weight", vector);
            return builder(v7, file);
        }, "tensor blk.0.output.weight: expected the tensors of an rwkv7");
        assertRefused(v7, (file, own) -> {
            file.put("time_mix_w0.weight", vector);
            return builder(v7, file);
        }, "tensor time_mix_w0.weight: expected the tensors of an rwkv7");
        assertRefused(v7, (file, own) -> {
            file.remove("blk.2.time_mix_w1.weight");
            return builder(v7, file);
        }, "tensor blk.2.time_mix_w1.weight: missing");
        assertRefused(v7, (file, own) -> {
            file.put("blk.1.time_mix_lerp_fused.weight", new Values(new long[]{5, 1, 1, C}, new float[5 * C]));
            return builder(v7, file);
        }, "tensor blk.1.time_mix_lerp_fused.weight: expected 6 rows, found shape [5, 1, 1, 128]");
        assertRefused(v7, (file, own) -> {
            file.put("blk.1.time_mix_g1.weight", vector);
            return builder(v7, file);
        }, "tensor blk.1.time_mix_g1.weight: expected a matrix, found shape [128]");
        assertRefused(v6, (file, own) -> {
            file.put("blk.1.time_mix_lerp_g.weight", vector);
            return builder(v6, file);
        }, "expected each weight once, found this one in tensor blk.1.time_mix_lerp");
        assertRefused(v6, (file, own) -> builder(v6, file).key("rwkv6.rescale_every_n_layers", GgufBuilder.STRING,
                GgufBuilder.text("six")), "expected for rwkv6.rescale_every_n_layers an integer");
        assertRefused(v7, (file, own) -> {
            GgufBuilder builder = new GgufBuilder().architecture("rwkv7");
            file.forEach((name, values) -> builder.tensor(name, values.array, values.shape));
            return builder;
        }, "tensor blk.0.time_mix_r_k.weight: expected for rwkv7.wkv.head_size a divisor of the 128 elements, found none");
    }

    @Test
    void metadataThatContradictsTheTensorsShouldBeRefused() {
        RwkvVersion v7 = RwkvVersion.V7;
        Map<String, long[]> shapes = Shapes.of(v7);
        for (var wrong : Map.of("block_count", (long) Shapes.LAYERS, "embedding_length", (long) C, "vocab_size",
                (long) Shapes.V, "feed_forward_length", shapes.get("blocks.0.ffn.key.weight")[0],
                "attention.decay_lora_rank", shapes.get("blocks.1.att.w2")[0], "attention.gate_lora_rank",
                shapes.get("blocks.1.att.g2")[0]).entrySet()) {
            String key = "rwkv7." + wrong.getKey();
            long right = wrong.getValue();
            assertRefused(v7,
                    (file, own) -> builder(v7, file).key(key, GgufBuilder.U32, GgufBuilder.u32(right - 1)),
                    "expected for " + key + " " + right + ", as ");
        }
        String shifts = "rwkv7.token_shift_count";
        assertRefused(v7, (file, own) -> builder(v7, file).key(shifts, GgufBuilder.U32, GgufBuilder.u32(1)),
                "expected for " + shifts + " 2, as RWKV has it, found 1");
        assertRefused(RwkvVersion.V6, (file, own) -> {
            GgufBuilder builder = new GgufBuilder().architecture("rwkv6").key("rwkv6.wkv.head_size", GgufBuilder.U32,
                    GgufBuilder.u32(Shapes.N / 2));
            file.forEach((name, values) -> builder.tensor(name, values.array, values.shape));
            return builder;
        }, "tensor blk.0.time_mix_first.weight: expected for rwkv6.wkv.head_size " + Shapes.N);
        String epsilon = "rwkv7.attention.layer_norm_epsilon";
        assertRefused(v7, (file, own) -> builder(v7, file).key(epsilon, GgufBuilder.F32, GgufBuilder.floats(0.5f)),
                "expected for " + epsilon + " 1.0E-5, as RWKV has it, found 0.5");
        assertRefused(v7, (file, own) -> builder(v7, file).key(epsilon, GgufBuilder.U32, GgufBuilder.u32(1)),
                "expected for " + epsilon + " a floating-point number, found U32");
        byte[] v4 = new GgufBuilder().architecture("rwkv4").key("rwkv4.vocab_size", GgufBuilder.U32, GgufBuilder.u32(5))
                .tensor("emb.weight", new float[8], 4, 2).build();
        String found = assertThrows(RwkvFormatException.class, () -> Fixtures.open(folder, v4)).getMessage();
        assertTrue(found.contains("expected for rwkv4.vocab_size 4, as its tensors have it, found 5"), found);
    }

    @Test
    void headSizesThatContradictTheTensorsShouldBeRefusedUnderOwnNames() {
        for (RwkvVersion version : List.of(RwkvVersion.V5_0, RwkvVersion.V5_2, RwkvVersion.V7A)) {
            String architecture = "rwkv" + version.number().replace('.', '_');
            GgufBuilder builder = new GgufBuilder().architecture(architecture).key(architecture + ".wkv.head_size",
                    GgufBuilder.U32, GgufBuilder.u32(Shapes.N / 2));
            own(version).forEach((name, values) -> builder.tensor(name, values.array, values.shape));
            String found = assertThrows(RwkvFormatException.class,
                    () -> Architecture.detect(Fixtures.open(folder, builder.build()))).getMessage();
            assertTrue(found.contains("expected for " + architecture + ".wkv.head_size " + Shapes.N), found);
        }
    }

    @Test
    void onlyVersion6ShouldHaveItsWeightsDoubled() {
        Map<String, Values> own = own(RwkvVersion.V7);
        GgufBuilder builder = builder(RwkvVersion.V7, toFile(RwkvVersion.V7, own))
                .key("rwkv7.rescale_every_n_layers", GgufBuilder.U32, GgufBuilder.u32(1));
        assertSame(own, Fixtures.open(folder, builder.build()));
    }
}
