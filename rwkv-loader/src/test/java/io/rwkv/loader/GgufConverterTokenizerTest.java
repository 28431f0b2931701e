package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvVersion;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.internal.gguf.GgufFile;
import io.rwkv.loader.internal.gguf.GgufMetadata;
import io.rwkv.loader.internal.gguf.GgufTokenizer;
import io.rwkv.tokenizer.BpeTokenizer;
import io.rwkv.tokenizer.Tokenizer;
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Tokenizers on their way through converted files. */
class GgufConverterTokenizerTest {
    @TempDir
    Path folder;

    private static Path convert(Path in, DType type) throws IOException {
        Path out = in.resolveSibling(in.getFileName() + "." + type + ".gguf");
        GgufConverter.convert(Checkpoints.open(in), out, type, null, (done, total) -> {});
        return out;
    }

    private static WorldTokenizer world() throws IOException {
        List<byte[]> tokens = new ArrayList<>();
        tokens.add(null);
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[]{(byte) b});
        }
        tokens.add("\n\n".getBytes(StandardCharsets.UTF_8));
        tokens.add("it's \"é\"\\".getBytes(StandardCharsets.UTF_8));
        return WorldTokenizer.of(tokens, "test");
    }

    private static Path write(Path path, WorldTokenizer tokenizer) {
        StringBuilder text = new StringBuilder();
        for (int id = 1; id < tokenizer.vocabularySize(); id++) {
            byte[] token = tokenizer.token(id).orElseThrow();
            text.append(id).append(" b'").append(GgufTokenizer.escape(token).replaceAll("(?<!\\\\)'", "\\\\'"))
                    .append("' ").append(token.length).append('\n');
        }
        try {
            return Files.writeString(path, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private TensorFile withVocabulary(RwkvVersion version, int size) throws IOException {
        Map<String, long[]> shapes = Shapes.of(version);
        shapes.put("emb.weight", new long[]{size, Shapes.C});
        shapes.put("head.weight", new long[]{size, Shapes.C});
        Path path = folder.resolve(version.number() + "-" + size + ".safetensors");
        Shapes.writer(shapes).write(path);
        return Checkpoints.open(path);
    }

    @Test
    void aWorldVocabularyShouldTravelInTheFile() throws IOException {
        Path vocabulary = write(folder.resolve("vocabulary.txt"), world());
        Path out = folder.resolve("world.gguf");
        GgufConverter.convert(withVocabulary(RwkvVersion.V7, 262), out, DType.F16, vocabulary, (d, t) -> {});
        WorldTokenizer found = (WorldTokenizer) Tokenizers.inCheckpoint(out).orElseThrow();
        assertEquals(259, found.vocabularySize());
        for (int id = 1; id < 259; id++) {
            assertArrayEquals(world().token(id).orElseThrow(), found.token(id).orElseThrow(), "token " + id);
        }
        Map<String, String> metadata = Checkpoints.open(out).metadata();
        assertEquals("0", metadata.get("tokenizer.ggml.eos_token_id"));
        assertEquals("0", metadata.get("tokenizer.ggml.bos_token_id"));
        assertEquals("257", metadata.get("tokenizer.ggml.eot_token_id"));
        List<Integer> types = new ArrayList<>();
        GgufMetadata raw = GgufFile.read(MappedFile.open(out)).metadata();
        raw.integers("tokenizer.ggml.token_type", 1000, (in, i) -> types.add(in.i32("type")));
        assertEquals(262, types.size());
        assertEquals(List.of(3, 1), types.subList(0, 2));
        assertEquals(List.of(1, 5, 5, 5), types.subList(258, 262));
        List<String> tokens = new ArrayList<>();
        raw.strings("tokenizer.ggml.tokens", 1000, (in, i) -> tokens.add(in.text("token", 100)));
        assertEquals(List.of("<s>", "\\x00"), tokens.subList(0, 2));
        assertEquals(List.of("\\n\\n", "it\\'s \"\\xc3\\xa9\"\\\\", "[PAD259]", "[PAD260]", "[PAD261]"),
                tokens.subList(257, 262));
        // And from there into the next.
        Path again = convert(out, DType.Q8_0);
        assertArrayEquals(found.encode("it's \"é\"\\\n\n"),
                Tokenizers.inCheckpoint(again).orElseThrow().encode("it's \"é\"\\\n\n"));
    }

    @Test
    void theEndOfATextShouldTravelInTheFile() throws IOException {
        Path vocabulary = write(folder.resolve("vocabulary.txt"), world());
        Path out = folder.resolve("world.gguf");
        GgufConverter.convert(withVocabulary(RwkvVersion.V7, 262), out, DType.F16, vocabulary, (d, t) -> {});
        byte[] bytes = Files.readAllBytes(out);
        String key = "tokenizer.ggml.eos_token_id";
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(key) + key.length();
        for (int id : new int[]{257, 260}) { // of a token, and of none
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at + 4, id);
            Path other = Files.write(folder.resolve(id + ".gguf"), bytes);
            Path again = convert(convert(other, DType.F32), DType.BF16);
            Tokenizer found = Tokenizers.inCheckpoint(again).orElseThrow();
            assertEquals(id, found.endOfText().orElseThrow());
            assertEquals(id == 257, found.standsForText(id));
            assertEquals("0", Checkpoints.open(again).metadata().get("tokenizer.ggml.bos_token_id"));
        }
    }

    @Test
    void aTokenizerJsonShouldTravelInTheFile() throws IOException {
        Path out = folder.resolve("json.gguf");
        GgufConverter.convert(Checkpoints.open(DemoModel.checkpoint()), out, DType.Q8_0, DemoModel.tokenizer(),
                (d, t) -> {});
        Path again = convert(out, DType.Q4_0);
        int[] expected = BpeTokenizer.load(DemoModel.tokenizer()).encode("A small dog ran.");
        assertArrayEquals(expected, Tokenizers.inCheckpoint(again).orElseThrow().encode("A small dog ran."));
    }

    @Test
    void aTokenizerLargerThanTheModelsVocabularyShouldBeRefused() throws IOException {
        Path vocabulary = write(folder.resolve("vocabulary.txt"), world());
        TensorFile file = withVocabulary(RwkvVersion.V7, 258);
        Path out = folder.resolve("world.gguf");
        assertTrue(assertThrows(IllegalArgumentException.class,
                () -> GgufConverter.convert(file, out, DType.F16, vocabulary, (d, t) -> {})).getMessage()
                .contains("expected a tokenizer of at most 258 tokens, found 259"));
        assertFalse(Files.exists(out));
    }
}
