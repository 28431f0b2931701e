package io.rwkv.loader;

import static io.rwkv.loader.Fixtures.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Safetensors files as checkpoints, well-formed and not. */
class SafetensorsCheckpointTest {
    private static final String A = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":";

    @TempDir
    Path folder;

    private static byte[] bytes(String header, int dataBytes) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length)
                .put(json).array();
    }

    @ParameterizedTest
    @EnumSource
    void shouldRunEveryVersion(RwkvVersion version) throws IOException {
        Path path = folder.resolve("model");
        Shapes.writer(Shapes.of(version)).write(path);
        assertEquals("safetensors", Checkpoints.open(path).format());
        try (RwkvModel model = Rwkv.open(path)) {
            assertEquals(version, model.config().version());
            for (float logit : model.logits(new int[]{3, 1, 4}, model.newState())) {
                assertTrue(Float.isFinite(logit));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"synthetic-rwkv4-c96-bf16", "tiny-rwkv-4v0-fp32-legacy"})
    void shouldGiveTheSameLogitsAsThePyTorchFile(String name) throws IOException {
        Path pth = Shared.reference().resolve("models").resolve(name + ".pth");
        TensorFile file = Checkpoints.open(pth);
        SafetensorsWriter writer = new SafetensorsWriter();
        file.names().forEach(n -> writer.floats(n, file.tensor(n).shape(), file.tensor(n).toFloats()));
        Path safetensors = folder.resolve("model.safetensors");
        writer.write(safetensors);
        int[] tokens = {3, 14, 15, 92, 65, 35};
        try (RwkvModel expected = Rwkv.open(pth); RwkvModel found = Rwkv.open(safetensors)) {
            assertEquals(expected.config(), found.config());
            float[][] rows = expected.allLogits(tokens, expected.newState());
            float[][] others = found.allLogits(tokens, found.newState());
            for (int t = 0; t < tokens.length; t++) {
                assertArrayEquals(rows[t], others[t], 1e-6f);
            }
        }
    }

    /** A pickle begins with this byte, and so does a safetensors file with such a header. */
    @Test
    void shouldNotTakeALengthForAPickle() {
        String header = A + "[0,8]}}";
        byte[] file = bytes(header + " ".repeat(0x80 - header.length()), 8);
        assertEquals((byte) 0x80, file[0]);
        assertEquals(List.of("a"), List.copyOf(Fixtures.open(folder, file).names()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {A + "[0,9]}}| within the 8 bytes",
            A + "[8,0]}}| within the 8 bytes", A + "[4,8]}}| expected 8 bytes", A + "[1,9]}}| within the 8 bytes",
            A + "[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}| start at 8",
            A + "[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}| malformed",
            A + "[0,8],\"dtype\":\"F16\"}}| malformed",
            "{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,8]}}| tensor a: expected 16 bytes",
            "{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,8]}}| tensor a: expected 4 bytes",
            "{\"a\":{\"dtype\":\"Q4\",\"shape\":[2],\"data_offsets\":[0,8]}}| found Q4",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,8],\"data_offsets\":[0,8]}}| tensor a"})
    void shouldRefuseMalformedHeaders(String header, String message) {
        assertRefused(folder, bytes(header, 8), message);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 80, 100_000_000, 100_000_001, 1L << 40, Long.MAX_VALUE, -1})
    void shouldRefuseHeaderLengthsThatLie(long length) {
        byte[] file = bytes(A + "[0,8]}}", 8);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        assertRefused(folder, file, length == 80 || length == 100_000_000 ? "safetensors header length" : "expected");
    }

    @Test
    void shouldRefuseFilesCutShortAnywhere() throws IOException {
        byte[] whole = small();
        int header = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        for (int length = 0; length < whole.length; length += length < 64 ? 1 : length < header + 64 ? 97 : 2003) {
            byte[] cut = Arrays.copyOf(whole, length);
            RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Fixtures.open(folder, cut));
            assertTrue(length < 9 || length >= header || e.getMessage().contains("safetensors header length"),
                    e.getMessage());
        }
        Architecture.detect(Fixtures.open(folder, whole));
    }

    /** A checkpoint under Hugging Face names, so that their translation is damaged too. */
    private byte[] small() throws IOException {
        Path path = folder.resolve("small");
        SafetensorsWriter writer = new SafetensorsWriter();
        add(writer, "model.embeddings.weight", 3, 64);
        add(writer, "lm_head.weight", 3, 64);
        String p = "model.layers.0.";
        for (String norm : new String[]{"model.norm", p + "pre_norm", p + "attn_norm", p + "ffn_norm",
                p + "attn.g_norm"}) {
            add(writer, norm + ".weight", 64);
            add(writer, norm + ".bias", 64);
        }
        add(writer, p + "attn.x_x", 6, 64);
        for (String matrix : new String[]{"r", "k", "v", "o"}) {
            add(writer, p + "attn." + matrix + "_proj.weight", 64, 64);
        }
        for (String lora : new String[]{"w", "a", "g"}) {
            add(writer, p + "attn." + lora + "_lora.lora.0.weight", 2, 64);
            add(writer, p + "attn." + lora + "_lora.lora.2.weight", 64, 2);
            if (!lora.equals("g")) {
                add(writer, p + "attn." + lora + "_lora.lora.2.bias", 64);
            }
        }
        add(writer, p + "attn.k_k", 64);
        add(writer, p + "attn.k_a", 64);
        add(writer, p + "attn.r_k", 1, 64);
        add(writer, p + "ffn.x_k", 64);
        add(writer, p + "ffn.key.weight", 5, 64);
        add(writer, p + "ffn.value.weight", 64, 5);
        writer.write(path);
        return Files.readAllBytes(path);
    }

    private static void add(SafetensorsWriter writer, String name, long... shape) {
        writer.floats(name, shape, new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)]);
    }

    @Test
    void shouldReadOrRefuseWhateverIsChanged() throws IOException {
        byte[] whole = small();
        int header = 8 + (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String digits = "0123456789-\"{}[],:.aFI";
        Random random = new Random(3);
        int opened = 0;
        int detected = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = random.nextBoolean() ? whole.clone() : withAMatrixReshaped(whole, header, random);
            for (int i = random.nextInt(3); i > 0; i--) {
                // Most of a header is names, most of which no one would miss: prefer its numbers.
                int at = random.nextInt(header);
                while (random.nextInt(4) != 0 && !Character.isDigit(bytes[at])) {
                    at = random.nextInt(header);
                }
                bytes[at] = random.nextBoolean()
                        ? (byte) random.nextInt()
                        : (byte) digits.charAt(random.nextInt(digits.length()));
            }
            try {
                TensorFile file = Fixtures.open(folder, bytes);
                opened++;
                file.names().forEach(n -> file.tensor(n).toFloats());
                Architecture.detect(file);
                detected++;
            } catch (RwkvFormatException e) {
                assertTrue(e.getMessage().contains("test.pth"), e.getMessage());
            } catch (RuntimeException | Error e) {
                throw new AssertionError("round " + round, e);
            }
        }
        assertTrue(opened > 400 && opened < 1600, opened + " opened");
        assertTrue(detected > 100 && detected < opened - 100, detected + " detected of " + opened);
    }

    /** The same number of elements, so that only the model's own checks can object. */
    private static byte[] withAMatrixReshaped(byte[] whole, int header, Random random) {
        String text = new String(whole, 0, header, StandardCharsets.ISO_8859_1);
        List<MatchResult> matrices = Pattern.compile("\"shape\":\\[(\\d+),(\\d+)]").matcher(text).results().toList();
        MatchResult chosen = matrices.get(random.nextInt(matrices.size()));
        byte[] changed = whole.clone();
        byte[] shape = ("\"shape\":[" + chosen.group(2) + "," + chosen.group(1) + "]")
                .getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(shape, 0, changed, chosen.start(), shape.length);
        return changed;
    }
}
