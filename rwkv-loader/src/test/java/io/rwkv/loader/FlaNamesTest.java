package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

class FlaNamesTest {
    private static final int[] TOKENS = {1, 17, 4, 4, 29, 0, 8, 21, 12, 3, 5};

    @TempDir
    Path folder;

    /** A tensor with its values. */
    private record Values(long[] shape, float[] array) {
        Values transposed() {
            int rows = (int) shape[0];
            int columns = (int) shape[1];
            float[] to = new float[array.length];
            for (int i = 0; i < array.length; i++) {
                to[i % columns * rows + i / columns] = array[i];
            }
            return new Values(new long[]{columns, rows}, to);
        }
    }

    private static Map<String, Values> values(TensorFile file) {
        Map<String, Values> all = new LinkedHashMap<>();
        file.names().forEach(n -> all.put(n, new Values(file.tensor(n).shape(), file.tensor(n).toFloats())));
        return all;
    }

    /** The tensors as flash-linear-attention writes them; names in the first layer that it has no use for are left out. */
    private static Map<String, Values> toFla(Map<String, Values> own) {
        Map<String, Values> fla = new LinkedHashMap<>();
        own.forEach((name, values) -> {
            boolean lora = name.matches("blocks\\.\\d+\\.att\\.[wavg][12]");
            if (!name.matches("blocks\\.0\\.att\\.v[012]")) {
                fla.put(flaName(name), lora ? values.transposed() : values);
            }
        });
        return fla;
    }

    private static String flaName(String own) {
        return own.replaceFirst("^emb\\.", "model.embeddings.").replaceFirst("^ln_out\\.", "model.norm.")
                .replaceFirst("^head\\.", "lm_head.").replaceFirst("^blocks\\.", "model.layers.")
                .replace(".ln0.", ".pre_norm.").replace(".ln1.", ".attn_norm.").replace(".ln2.", ".ffn_norm.")
                .replace(".att.", ".attn.").replace("attn.ln_x.", "attn.g_norm.")
                .replace("attn.receptance.", "attn.r_proj.").replace("attn.key.", "attn.k_proj.")
                .replace("attn.value.", "attn.v_proj.").replace("attn.output.", "attn.o_proj.")
                .replaceFirst("attn\\.([wavg])1$", "attn.$1_lora.lora.0.weight")
                .replaceFirst("attn\\.([wavg])2$", "attn.$1_lora.lora.2.weight")
                .replaceFirst("attn\\.([wav])0$", "attn.$1_lora.lora.2.bias");
    }

    private Path write(String name, Map<String, Values> tensors) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        tensors.forEach((n, v) -> writer.floats(n, v.shape, v.array));
        Path path = folder.resolve(name + ".safetensors");
        writer.write(path);
        return path;
    }

    private Path synthetic() throws IOException {
        Path path = folder.resolve("own.safetensors");
        Shapes.writer(Shapes.of(RwkvVersion.V7)).write(path);
        return path;
    }

    private static float[][] logits(Path path, int[] tokens) throws IOException {
        try (RwkvModel model = Rwkv.open(path)) {
            return model.allLogits(tokens, model.newState());
        }
    }

    private static void assertClose(float[][] expected, float[][] found, float tolerance) {
        assertEquals(expected.length, found.length);
        for (int t = 0; t < expected.length; t++) {
            assertArrayEquals(expected[t], found[t], tolerance, "token " + t);
        }
    }

    @Test
    void shouldGiveTheSameLogitsUnderBothNames() throws IOException {
        Path own = synthetic();
        Path fla = write("fla", toFla(values(Checkpoints.open(own))));
        assertClose(logits(own, TOKENS), logits(fla, TOKENS), 1e-5f);
        assertEquals(Checkpoints.open(own).names(), Checkpoints.open(fla).names());
    }

    @ParameterizedTest
    @CsvSource({"synthetic-rwkv7-h3-bf16,synthetic-rwkv7-h3-promptR1", "tiny-rwkv-7v0-bf16,tiny-rwkv-7v0-bf16-promptA"})
    void shouldGiveTheReferencesLogits(String model, String prompt) throws IOException {
        Path reference = Shared.reference();
        Path original = reference.resolve("models").resolve(model + ".pth");
        Path fla = write("fla", toFla(values(Checkpoints.open(original))));
        TensorFile expected = SafetensorsReader.open(reference.resolve("logits").resolve(prompt + ".safetensors"));
        float[] ids = expected.tensor("tokens").toFloats();
        int[] tokens = new int[ids.length];
        Arrays.setAll(tokens, i -> (int) ids[i]);
        float[][] found = logits(fla, tokens);
        assertClose(logits(original, tokens), found, 1e-5f);
        for (int t = 0; t < tokens.length; t++) {
            float[] row = new float[found[t].length];
            expected.tensor("logits").read((long) t * row.length, row, 0, row.length);
            assertArrayEquals(row, found[t], 1e-4f, "token " + t);
        }
    }

    @Test
    void shouldReadTheMixesOfOldFilesFromOneTensor() throws IOException {
        Path own = synthetic();
        Map<String, Values> fla = toFla(values(Checkpoints.open(own)));
        for (int layer = 0; layer < Shapes.LAYERS; layer++) {
            String prefix = "model.layers." + layer + ".attn.x_";
            float[] all = new float[6 * Shapes.C];
            for (int i = 0; i < 6; i++) {
                System.arraycopy(fla.remove(prefix + "rwkvag".charAt(i)).array, 0, all, i * Shapes.C, Shapes.C);
            }
            fla.put(prefix + "x", new Values(new long[]{6, Shapes.C}, all));
        }
        assertClose(logits(own, TOKENS), logits(write("fla", fla), TOKENS), 1e-5f);
        String both = "model.layers.1.attn.x_a";
        fla.put(both, new Values(new long[]{1, 1, Shapes.C}, new float[Shapes.C]));
        assertRefused(fla, both, "expected each weight once");
        fla.remove(both);
        String mixes = "model.layers.1.attn.x_x";
        fla.put(mixes, new Values(new long[]{5, Shapes.C}, new float[5 * Shapes.C]));
        assertRefused(fla, mixes, "expected 6 rows, found shape [5, 128]");
    }

    @Test
    void shouldCopyNothing() throws IOException {
        Path fla = write("fla", toFla(values(Checkpoints.open(synthetic()))));
        TensorFile file = Checkpoints.open(fla);
        TensorFile raw = SafetensorsReader.open(fla);
        for (String name : file.names()) {
            MappedTensor tensor = (MappedTensor) file.tensor(name);
            assertEquals(file.nameInFile(name), tensor.name());
            assertEquals(((MappedTensor) raw.tensor(tensor.name())).byteOffset(), tensor.byteOffset());
        }
        assertEquals("safetensors, Hugging Face names", file.format());
        assertArrayEquals(new long[]{Shapes.C, 5}, file.tensor("blocks.1.att.w1").shape());
    }

    @Test
    void shouldNameAMissingTensorAsTheFileWould() throws IOException {
        Map<String, Values> whole = toFla(values(Checkpoints.open(synthetic())));
        for (String name : whole.keySet()) {
            Map<String, Values> fla = new LinkedHashMap<>(whole);
            fla.remove(name);
            assertRefused(fla, name, "missing, expected for RWKV-7");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.embeddings.weight", "model.norm.bias", "model.layers.1.attn.x_w",
            "model.layers.1.attn.k_proj.weight", "model.layers.2.attn.w_lora.lora.2.bias",
            "model.layers.1.attn.g_lora.lora.0.weight", "model.layers.1.attn.g_lora.lora.2.weight",
            "model.layers.0.pre_norm.weight", "model.layers.1.ffn.key.weight"})
    void shouldNameAMisshapenTensorAsTheFileDoes(String name) throws IOException {
        Map<String, Values> fla = toFla(values(Checkpoints.open(synthetic())));
        long[] shape = fla.get(name).shape.clone();
        shape[shape.length - 1] += 3;
        fla.put(name, new Values(shape, new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)]));
        Path path = write("fla", fla);
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Rwkv.open(path));
        assertTrue(e.getMessage().contains(name) && e.getMessage().contains("for RWKV-7"), e.getMessage());
        assertTrue(e.getMessage().contains("(read as "), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.layers.0.attn.q_proj.weight", "model.layers.1.attn.g_lora.lora.2.bias",
            "model.embed_tokens.weight", "blocks.0.att.key.weight", "model.layers.00.attn.k_k", ""})
    void shouldRefuseATensorThatNoSuchModelHas(String name) throws IOException {
        Map<String, Values> fla = toFla(values(Checkpoints.open(synthetic())));
        fla.put(name, new Values(new long[]{2, 3}, new float[6]));
        assertRefused(fla, name, "which this is none of");
    }

    @Test
    void shouldSayWhatATensorThatNoSuchModelHasProbablyIs() throws IOException {
        Map<String, Values> fla = toFla(values(Checkpoints.open(synthetic())));
        String name = "model.layers.0.ffn.enn.weight";
        fla.put(name, new Values(new long[]{4}, new float[4]));
        assertRefused(fla, name, "which this is none of; RWKV-8 has it");
        fla.remove(name);
        String plain = "model.layers.0.attn.k_proj.bias";
        fla.put(plain, new Values(new long[]{4}, new float[4]));
        Path path = write("plain", fla);
        String message = assertThrows(RwkvFormatException.class, () -> Rwkv.open(path)).getMessage();
        assertTrue(message.endsWith("which this is none of"), message);
    }

    @Test
    void shouldRefuseHeadsForWhichTheNormWouldDiffer() throws IOException {
        Map<String, Values> fla = toFla(values(Checkpoints.open(synthetic())));
        String name = "model.layers.0.attn.r_k";
        fla.put(name, new Values(new long[]{4, 32}, new float[128]));
        assertRefused(fla, name, "expected heads of 64 channels");
    }

    @Test
    void shouldRefuseASmallMatrixThatIsNone() throws IOException {
        Map<String, Values> fla = toFla(values(Checkpoints.open(synthetic())));
        String name = "model.layers.1.attn.a_lora.lora.0.weight";
        fla.put(name, new Values(new long[]{6 * Shapes.C}, new float[6 * Shapes.C]));
        assertRefused(fla, name, "expected a matrix, found shape [768]");
    }

    private void assertRefused(Map<String, Values> tensors, String tensor, String message) throws IOException {
        Path path = write("refused", tensors);
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Rwkv.open(path));
        assertEquals(tensor, e.tensor(), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
