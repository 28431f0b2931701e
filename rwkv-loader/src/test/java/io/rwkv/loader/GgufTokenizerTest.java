package io.rwkv.loader;

import static io.rwkv.loader.GgufBuilder.array;
import static io.rwkv.loader.GgufBuilder.text;
import static io.rwkv.loader.GgufBuilder.texts;
import static io.rwkv.loader.GgufBuilder.u32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvVersion;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.internal.gguf.GgufTokenizer;
import io.rwkv.tokenizer.BpeTokenizer;
import io.rwkv.tokenizer.StreamingDecoder;
import io.rwkv.tokenizer.Tokenizer;
import io.rwkv.tokenizer.TokenizerFormatException;
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

class GgufTokenizerTest {
    @TempDir
    Path folder;

    /** Id 1 + b is the byte b; then come tokens of the test's own. */
    private static List<String> tokens(String... more) {
        List<String> tokens = new ArrayList<>();
        tokens.add("<s>");
        for (int b = 0; b < 256; b++) {
            tokens.add(String.format("\\x%02x", b));
        }
        tokens.addAll(List.of(more));
        return tokens;
    }

    private static GgufBuilder world(List<String> tokens) {
        return new GgufBuilder().architecture("rwkv7").key("tokenizer.ggml.model", GgufBuilder.STRING, text("rwkv"))
                .key("tokenizer.ggml.tokens", GgufBuilder.ARRAY, texts(tokens.toArray(String[]::new)));
    }

    private static byte[] types(int... types) {
        return array(GgufBuilder.I32, types.length,
                Arrays.stream(types).mapToObj(GgufBuilder::u32).toArray(byte[][]::new));
    }

    private Path write(GgufBuilder builder) throws IOException {
        Path path = folder.resolve("test.gguf");
        Files.deleteIfExists(path);
        return Files.write(path, builder.build());
    }

    private WorldTokenizer load(GgufBuilder builder) throws IOException {
        return (WorldTokenizer) Tokenizers.inCheckpoint(write(builder)).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {"\\n\\n| 0a0a", "\\t\\r| 090d", "\\\\x41| 5c783431",
            "a'b| 612762", "a\"b| 612262", "\\'\"| 2722", "\\xe4\\xb8\\xad| e4b8ad", "\\xFFz| ff7a", "中| e4b8ad",
            "\\\\n| 5c6e", "\\\\\\n| 5c0a", "[PAD]| 5b5041445d"})
    void tokensShouldBeUnescapedAsPythonEscapesThem(String escaped, String hex) throws IOException {
        WorldTokenizer tokenizer = load(world(tokens(escaped)));
        byte[] expected = HexFormat.of().parseHex(hex);
        assertArrayEquals(expected, tokenizer.token(257).orElseThrow());
        assertArrayEquals(new int[]{257}, tokenizer.encode(expected));
        assertEquals(0, tokenizer.endOfText().orElseThrow());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\\", "\\x", "\\x4", "\\xg0", "\\x4g", "\\x\\n0"})
    void halfAnEscapeShouldBeRefused(String escaped) throws IOException {
        Path path = write(world(tokens(escaped)));
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Tokenizers.inCheckpoint(path));
        assertTrue(e.getMessage().contains("in token 257, found " + escaped), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {"27| '", "22| \"", "2722| \\'\"", "5c| \\\\",
            "0a| \\n", "0d09| \\r\\t", "07| \\x07", "7f| \\x7f", "20| ' '", "e4b8ad| \\xe4\\xb8\\xad", "ff| \\xff",
            "7e| ~"})
    void tokensShouldBeEscapedAsPythonDoes(String hex, String expected) {
        assertEquals(expected.equals("' '") ? " " : expected, GgufTokenizer.escape(HexFormat.of().parseHex(hex)));
    }

    @Test
    void onlyTokensThatStandForTextShouldBeTaken() throws IOException {
        List<String> tokens = tokens("ab", "<|rwkv_tokenizer_end_of_text|>", "[PAD259]", "cd");
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 1);
        types[0] = 3;
        types[258] = 3;
        types[259] = 5;
        types[260] = 4;
        WorldTokenizer tokenizer = load(
                world(tokens).key("tokenizer.ggml.token_type", GgufBuilder.ARRAY, types(types)));
        assertArrayEquals(new int[]{257, 260}, tokenizer.encode("abcd"));
        assertEquals(261, tokenizer.vocabularySize());
        assertTrue(tokenizer.token(258).isEmpty());
        assertTrue(tokenizer.token(259).isEmpty());
    }

    /** NORMAL, USER_DEFINED and BYTE stand for text, UNKNOWN, CONTROL and UNUSED for nothing, wherever they lie. */
    @Test
    void everyTypeShouldStandForTextOrForNothing() throws IOException {
        List<String> tokens = tokens("unknown", "control", "user", "unused", "[PAD261]", "normal");
        tokens.set(1 + 'A', "\\x41");
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 1);
        types[0] = 3;
        types[1 + 'A'] = 6;
        for (int i = 0; i < 4; i++) {
            types[257 + i] = 2 + i;
        }
        types[261] = 5;
        WorldTokenizer tokenizer = load(
                world(tokens).key("tokenizer.ggml.token_type", GgufBuilder.ARRAY, types(types)));
        assertEquals(263, tokenizer.vocabularySize());
        StreamingDecoder decoder = tokenizer.newStreamingDecoder();
        for (int id : new int[]{0, 257, 258, 260, 261}) {
            assertFalse(tokenizer.standsForText(id), "id " + id);
            assertEquals("", tokenizer.decode(new int[]{id}), "id " + id);
            assertEquals("", decoder.accept(id), "id " + id);
            assertTrue(tokenizer.token(id).isEmpty(), "id " + id);
        }
        assertEquals("user A normal",
                tokenizer.decode(new int[]{259, 257, 1 + ' ', 1 + 'A', 260, 1 + ' ', 261, 262, 0}));
        assertEquals(2 + "control".length(), tokenizer.encode("usercontrolnormal").length);
    }

    @Test
    void typesThatMeanNothingKnownShouldBeRefused() throws IOException {
        for (int type : new int[]{0, 7, -1, Integer.MAX_VALUE}) {
            int[] types = new int[257];
            Arrays.fill(types, 1);
            types[0] = 3;
            types[12] = type;
            Path path = write(world(tokens()).key("tokenizer.ggml.token_type", GgufBuilder.ARRAY, types(types)));
            String message = assertThrows(RwkvFormatException.class, () -> Tokenizers.inCheckpoint(path)).getMessage();
            assertTrue(message.contains("expected a type from 1 to 6 for token 12, found " + type), message);
        }
        int[] types = new int[258];
        Arrays.fill(types, 1);
        types[0] = 3;
        types[257] = 6;
        Path path = write(
                world(tokens("<0x0A>")).key("tokenizer.ggml.token_type", GgufBuilder.ARRAY, types(types)));
        String message = assertThrows(RwkvFormatException.class, () -> Tokenizers.inCheckpoint(path)).getMessage();
        assertTrue(message.contains("for token 257 of type 6 (byte), found <0x0A>"), message);
    }

    @Test
    void withoutTypesTheNamesShouldTellWhatOnlyFillsGaps() throws IOException {
        WorldTokenizer tokenizer = load(world(tokens("ab", "[PAD258]", "[PAD1]")));
        assertTrue(tokenizer.token(258).isEmpty());
        assertArrayEquals(new int[]{259}, tokenizer.encode("[PAD1]"));
    }

    @Test
    void vocabulariesThatAreNoneShouldBeRefused() throws IOException {
        Path types = write(world(tokens()).key("tokenizer.ggml.token_type", GgufBuilder.ARRAY, types(3, 1)));
        assertTrue(assertThrows(RwkvFormatException.class, () -> Tokenizers.inCheckpoint(types)).getMessage()
                .contains("found 257 and 2"));
        Path none = write(new GgufBuilder().architecture("rwkv7").key("tokenizer.ggml.model", GgufBuilder.STRING,
                text("rwkv")));
        assertTrue(assertThrows(RwkvFormatException.class, () -> Tokenizers.inCheckpoint(none)).getMessage()
                .contains("expected tokenizer.ggml.tokens"));
        Path numbers = write(new GgufBuilder().key("tokenizer.ggml.model", GgufBuilder.STRING, text("rwkv"))
                .key("tokenizer.ggml.tokens", GgufBuilder.ARRAY, types(1, 2)));
        assertTrue(assertThrows(RwkvFormatException.class, () -> Tokenizers.inCheckpoint(numbers)).getMessage()
                .contains("expected for tokenizer.ggml.tokens an array of STRING, found one of I32"));
        Path twice = write(world(tokens("ab", "ab")));
        assertTrue(assertThrows(TokenizerFormatException.class, () -> Tokenizers.inCheckpoint(twice)).getMessage()
                .contains("test.gguf, tokenizer.ggml.tokens: at token id 258: expected a token that no id before has"));
        Path bytes = write(world(List.of("<s>", "a")));
        assertTrue(assertThrows(TokenizerFormatException.class, () -> Tokenizers.inCheckpoint(bytes)).getMessage()
                .contains("expected a token for each of the 256 bytes"));
    }

    @ParameterizedTest
    @CsvSource({"0, 258", "1, 258", "257, 258", "258, 259", "300, 301"})
    void aTextShouldEndWhereTheFileSays(int id, int size) throws IOException {
        List<String> tokens = tokens("ab");
        while (tokens.size() < 310) {
            tokens.add("[PAD" + tokens.size() + "]");
        }
        WorldTokenizer tokenizer = load(
                world(tokens).key("tokenizer.ggml.eos_token_id", GgufBuilder.U32, u32(id)));
        assertEquals(id, tokenizer.endOfText().orElseThrow());
        assertEquals(size, tokenizer.vocabularySize());
        assertEquals(id == 1 || id == 257, tokenizer.standsForText(id));
        assertArrayEquals(new int[]{257}, tokenizer.encode("ab"));
        assertEquals(id == 257 ? "ab" : id == 1 ? "\0" : "", tokenizer.decode(new int[]{id}));
    }

    @ParameterizedTest
    @ValueSource(ints = {258, 65536, -1})
    void anEndThatIsNoTokenShouldBeRefused(int id) throws IOException {
        Path path = write(world(tokens("ab")).key("tokenizer.ggml.eos_token_id", GgufBuilder.I32, u32(id)));
        String message = assertThrows(RwkvFormatException.class, () -> Tokenizers.inCheckpoint(path)).getMessage();
        assertTrue(message.endsWith(
                "expected for tokenizer.ggml.eos_token_id an integer from 0 to 257, found " + id), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "gpt2", "bert", "Rwkv"})
    void aTokenizerOfAnotherKindShouldBeNamed(String kind) throws Throwable {
        Path path = write(new GgufBuilder().architecture("rwkv7")
                .key("tokenizer.ggml.model", GgufBuilder.STRING, text(kind))
                .key("tokenizer.ggml.tokens", GgufBuilder.ARRAY, texts("a", "b")));
        RwkvConfig config = new RwkvConfig(RwkvVersion.V7, 1, 64, 1, 64, 4096);
        String expected = "no tokenizer found for a model of 4096 tokens; the one in the checkpoint is of the kind \""
                + kind + "\", which is not read; looked for ";
        TensorFile open = Checkpoints.open(path);
        for (Executable call : List.<Executable>of(() -> Tokenizers.forCheckpoint(path, config),
                () -> Tokenizers.forCheckpoint(open, config))) {
            String message = assertThrows(NoSuchFileException.class, call).getMessage();
            assertTrue(message.contains(expected), message);
        }
        assertTrue(Tokenizers.whyNone(open, config).contains(expected));

        Path beside = Files.copy(DemoModel.tokenizer(), folder.resolve("tokenizer.json"));
        String logged = TokenizersTest.logged(
                () -> assertEquals(4096, Tokenizers.forCheckpoint(path, config).vocabularySize()));
        assertTrue(logged.contains("of the kind \"" + kind + "\", which is not read; " + beside + " is taken instead"),
                logged);
    }

    @ParameterizedTest
    @ValueSource(strings = {"no_vocab", "none"})
    void aFileThatSaysItHasNoTokenizerShouldBeTakenAtItsWord(String kind) throws IOException {
        Path path = write(new GgufBuilder().key("tokenizer.ggml.model", GgufBuilder.STRING, text(kind)));
        RwkvConfig config = new RwkvConfig(RwkvVersion.V7, 1, 64, 1, 64, 4096);
        String message = assertThrows(NoSuchFileException.class, () -> Tokenizers.forCheckpoint(path, config))
                .getMessage();
        assertTrue(message.contains("of 4096 tokens; looked for "), message);
    }

    @Test
    void aTokenizerJsonInsideShouldBeFound() throws IOException {
        Path path = write(new GgufBuilder().key("tokenizer.ggml.model", GgufBuilder.STRING, text("no_vocab"))
                .key("tokenizer.huggingface.json", GgufBuilder.STRING,
                        text(Files.readAllBytes(DemoModel.tokenizer()))));
        Tokenizer tokenizer = Tokenizers.inCheckpoint(path).orElseThrow();
        assertArrayEquals(BpeTokenizer.load(DemoModel.tokenizer()).encode("a small dog"),
                tokenizer.encode("a small dog"));
    }

    @Test
    void aFileWithoutATokenizerShouldHaveNone() throws IOException {
        assertTrue(Tokenizers.inCheckpoint(write(new GgufBuilder().architecture("rwkv7"))).isEmpty());
        assertTrue(Tokenizers.inCheckpoint(DemoModel.checkpoint()).isEmpty());
    }

    @Test
    void theOneInsideShouldComeBeforeTheOneBeside() throws IOException {
        Path path = write(world(tokens("abc")));
        Files.copy(DemoModel.tokenizer(), folder.resolve("tokenizer.json"));
        RwkvConfig config = new RwkvConfig(RwkvVersion.V7, 1, 64, 1, 64, 258);
        assertEquals(258, Tokenizers.forCheckpoint(path, config).vocabularySize());
        RwkvConfig smaller = new RwkvConfig(RwkvVersion.V7, 1, 64, 1, 64, 257);
        assertTrue(assertThrows(RwkvFormatException.class, () -> Tokenizers.forCheckpoint(path, smaller)).getMessage()
                .contains("expected a tokenizer of at most 257 tokens, found 258"));
    }

    /** All that llama.cpp's converter makes of the published vocabulary, {@code repr(token)[2:-1]}, worked out here again. */
    @Test
    void thePublishedVocabularyShouldComeBackByteForByte() throws IOException {
        Path published = Shared.reference().resolve("tokenizer/rwkv_vocab_v20230424.txt");
        WorldTokenizer expected = WorldTokenizer.load(published);
        List<String> tokens = new ArrayList<>(List.of("<s>"));
        for (int id = 1; id < expected.vocabularySize(); id++) {
            tokens.add(GgufTokenizer.escape(expected.token(id).orElseThrow()));
        }
        while (tokens.size() < 65536) {
            tokens.add("[PAD" + tokens.size() + "]");
        }
        WorldTokenizer found = load(world(tokens));
        assertEquals(65530, found.vocabularySize());
        int notText = 0;
        for (int id = 1; id < 65530; id++) {
            byte[] token = expected.token(id).orElseThrow();
            assertArrayEquals(token, found.token(id).orElseThrow(), "token " + id);
            notText += Arrays.equals(token, new String(token, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8))
                    ? 0
                    : 1;
        }
        assertEquals(486, notText);
        assertFalse(tokens.get(11).isEmpty());
    }
}
