package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class WorldTokenizerTest {
    private static final int A = 1 + 'a';
    private static final int B = 1 + 'b';
    private static final int C = 1 + 'c';

    @Test
    void shouldTakeLongestTokenFromTheLeft() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 'ab' 2", "301 'abcde' 5", "302 'bcd' 3", "303 'cd' 2");

        assertArrayEquals(new int[]{301}, tokenizer.encode("abcde"));
        // After "abcd" the walk is deep in "abcde" and has to come back to "ab".
        assertArrayEquals(new int[]{300, 303}, tokenizer.encode("abcd"));
        assertArrayEquals(new int[]{300, 303, 1 + 'f'}, tokenizer.encode("abcdf"));
        assertArrayEquals(new int[]{A, 300, C, 302, B}, tokenizer.encode("aabcbcdb"));
        assertArrayEquals(new int[0], tokenizer.encode(""));
    }

    @Test
    void shouldEncodeBytesThatAreNoText() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 b'\\xe4\\xb8' 2", "301 b'\\xff\\x00' 2", "302 '中' 3");
        byte[] bytes = {'a', (byte) 0xE4, (byte) 0xB8, (byte) 0xAD, (byte) 0xE4, (byte) 0xB8, (byte) 0xFF, 0,
                (byte) 0x80};

        assertArrayEquals(new int[]{A, 302, 300, 301, 0x81}, tokenizer.encode(bytes));
        assertArrayEquals(bytes, tokenizer.decodeBytes(tokenizer.encode(bytes)));
        assertArrayEquals(new int[0], tokenizer.encode(new byte[0]));
    }

    @Test
    void shouldEncodePartOfArrayAndLookAtNothingElse() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 'abc' 3");
        byte[] bytes = "abcabc".getBytes(StandardCharsets.UTF_8);

        assertArrayEquals(new int[]{B, C, A, B}, tokenizer.encode(bytes, 1, 5));
        assertArrayEquals(new int[0], tokenizer.encode(bytes, 6, 6));
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.encode(bytes, 0, 7));
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.encode(bytes, -1, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.encode(bytes, 3, 2));
    }

    @Test
    void shouldNotNormalizeAndReplaceUnpairedSurrogates() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 'é' 2", "301 '\\ufffd' 3");

        assertArrayEquals(new int[]{1 + 'e', 0xCD, 0x82, 300}, tokenizer.encode("e\u0301é"));
        assertArrayEquals(new int[]{A, 301, B}, tokenizer.encode("a\uD800b"));
        assertArrayEquals(new int[]{301, 0xF1, 0xA0, 0x99, 0x81}, tokenizer.encode("\uDC00\uD83D\uDE00"));
    }

    @Test
    void shouldReadEveryEscapeOfStrings() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 '\\\\\\'\\\"' 3", "301 '\\a\\b\\f\\n\\r\\t\\v' 7",
                "302 '\\0\\07\\1011\\400' 6", "303 '\\x41\\xe9' 3", "304 '\\u4e2d\\U0001F600' 7", "305 \"it's\" 4",
                "306 '\"b' 2", "307 \"\\\"'\" 2", "308 'tab\there ' 9");

        assertEquals("\\'\"", tokenizer.decode(new int[]{300}));
        assertArrayEquals(new byte[]{7, 8, 12, 10, 13, 9, 11}, tokenizer.decodeBytes(new int[]{301}));
        assertEquals("\0\u0007A1\u0100", tokenizer.decode(new int[]{302}));
        assertEquals("Aé", tokenizer.decode(new int[]{303}));
        assertEquals("中😀", tokenizer.decode(new int[]{304}));
        assertEquals("it's", tokenizer.decode(new int[]{305}));
        assertEquals("\"b", tokenizer.decode(new int[]{306}));
        assertEquals("\"'", tokenizer.decode(new int[]{307}));
        assertEquals("tab\there ", tokenizer.decode(new int[]{308}));
    }

    @Test
    void shouldReadEveryEscapeOfBytes() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 b'\\\\\\'\\\"' 3", "301 b\"\\a\\b\\f\\n\\r\\t\\v'\" 8",
                "302 b'\\0\\07\\1011\\377' 5", "303 b'\\x41\\xE9\"' 3");

        assertEquals("\\'\"", tokenizer.decode(new int[]{300}));
        assertArrayEquals(new byte[]{7, 8, 12, 10, 13, 9, 11, '\''}, tokenizer.decodeBytes(new int[]{301}));
        assertArrayEquals(new byte[]{0, 7, 'A', '1', -1}, tokenizer.decodeBytes(new int[]{302}));
        assertArrayEquals(new byte[]{'A', (byte) 0xE9, '"'}, tokenizer.decodeBytes(new int[]{303}));
    }

    @Test
    void shouldReadAllLineEndsAndIdsInAnyOrder() throws IOException {
        String text = TestWorldVocabulary.text("500 'ab' 2", "400 '\u2028\u0085' 5");

        for (String file : List.of(text, text.strip(), text.replace("\n", "\r\n"), text + "\n\n",
                text.replace("\n", "\r\n") + "\r\n")) {
            WorldTokenizer tokenizer = TestWorldVocabulary.read(file);
            assertArrayEquals(new int[]{500, 400}, tokenizer.encode("ab\u2028\u0085"));
            assertEquals(501, tokenizer.vocabularySize());
        }
    }

    @Test
    void shouldKnowEndOfTextWhichStandsForNothing() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 'ab' 2");

        assertEquals(OptionalInt.of(0), tokenizer.endOfText());
        assertArrayEquals(new byte[]{'a', 'b'}, tokenizer.decodeBytes(new int[]{0, A, 0, B, 0}));
        assertEquals(OptionalInt.of(300), tokenizer.idOf("ab"));
        assertEquals(OptionalInt.of(A), tokenizer.idOf("a"));
        assertEquals(OptionalInt.empty(), tokenizer.idOf(""));
        assertEquals(OptionalInt.empty(), tokenizer.idOf("abc"));
        assertEquals(OptionalInt.empty(), tokenizer.idOf("<|endoftext|>"));
        assertEquals("token id 301 is outside the vocabulary's 0 to 300",
                assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(new int[]{301})).getMessage());
    }

    @Test
    void shouldEncodeAsNaiveSearchForLongestToken() throws IOException {
        Random random = new Random(7);
        for (int round = 0; round < 60; round++) {
            // Few letters make deep tries with many ways back; all bytes make broad ones.
            int letters = round % 3 == 0 ? 256 : 2 + random.nextInt(4);
            List<byte[]> tokens = randomTokens(random, letters);
            WorldTokenizer tokenizer = TestWorldVocabulary.load(lines(tokens));
            for (int i = 0; i < 20; i++) {
                byte[] text = randomBytes(random, letters, random.nextInt(100));
                int[] ids = tokenizer.encode(text);
                assertArrayEquals(naive(text, tokens), ids);
                assertArrayEquals(text, tokenizer.decodeBytes(ids));
            }
        }
    }

    private static List<byte[]> randomTokens(Random random, int letters) {
        List<byte[]> tokens = new ArrayList<>();
        for (int i = random.nextInt(400); i > 0; i--) {
            byte[] token = randomBytes(random, letters, 2 + random.nextInt(random.nextInt(4) == 0 ? 40 : 4));
            if (tokens.stream().noneMatch(other -> Arrays.equals(other, token))) {
                tokens.add(token);
            }
        }
        return tokens;
    }

    private static byte[] randomBytes(Random random, int letters, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (letters == 256 ? random.nextInt(256) : 'a' + random.nextInt(letters));
        }
        return bytes;
    }

    private static String[] lines(List<byte[]> tokens) {
        String[] lines = new String[tokens.size()];
        for (int i = 0; i < lines.length; i++) {
            StringBuilder line = new StringBuilder().append(257 + i).append(" b'");
            for (byte b : tokens.get(i)) {
                line.append(String.format("\\x%02x", b));
            }
            lines[i] = line.append("' ").append(tokens.get(i).length).toString();
        }
        return lines;
    }

    private static int[] naive(byte[] text, List<byte[]> tokens) {
        List<Integer> ids = new ArrayList<>();
        for (int at = 0; at < text.length;) {
            int id = 1 + (text[at] & 0xFF);
            int length = 1;
            for (int i = 0; i < tokens.size(); i++) {
                byte[] token = tokens.get(i);
                if (token.length > length && at + token.length <= text.length
                        && Arrays.equals(token, 0, token.length, text, at, at + token.length)) {
                    id = 257 + i;
                    length = token.length;
                }
            }
            ids.add(id);
            at += length;
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void shouldStreamWhatDecodeGivesAtOnce() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("257 b'\\xe4\\xb8' 2", "258 b'\\xad\\xf0\\x9f' 3",
                "259 '😀' 4",
                "260 b'\\x98\\x80a' 3");
        StreamingDecoder decoder = tokenizer.newStreamingDecoder();
        Random random = new Random(8);
        for (int round = 0; round < 5000; round++) {
            int[] ids = random.ints(random.nextInt(12), 0, 261).map(id -> random.nextBoolean() ? id : id % 5 + 256)
                    .map(id -> id == 256 ? 0 : id).toArray();
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(decoder.accept(id));
            }
            assertEquals(tokenizer.decode(ids), streamed.append(decoder.finish()).toString());
        }
    }

    @Test
    void shouldGiveSameIdsToConcurrentCallers() throws Exception {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 'ab' 2", "301 'abcde' 5", "302 'bcd' 3");
        byte[] text = randomBytes(new Random(9), 5, 2000);
        int[] expected = tokenizer.encode(text);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                calls.add(threads.submit(() -> {
                    assertArrayEquals(expected, tokenizer.encode(text));
                    assertArrayEquals(text, tokenizer.decodeBytes(expected));
                }));
            }
            for (Future<?> call : calls) {
                call.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void shouldTellFormatsApartByContent(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("vocabulary");

        Files.writeString(file, TestWorldVocabulary.text("300 'ab' 2"));
        assertEquals(300, ((WorldTokenizer) Tokenizer.load(file)).encode("ab")[0]);
        Files.writeString(file, TestWorldVocabulary.text().replaceFirst("1 '", "1 b\""));
        assertEquals(TokenizerFormatException.class,
                assertThrows(IOException.class, () -> Tokenizer.load(file)).getClass());
        Files.writeString(file, " \r\n\t" + new TestVocabulary("a b").root);
        assertEquals(256, ((BpeTokenizer) Tokenizer.load(file)).encode("ab")[0]);
    }

    @Test
    void shouldRefuseFilesThatAreNoVocabulary(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("vocabulary");
        for (String[] contentAndFound : new String[][]{{"", "an empty file"}, {"PK\3", "\"PK\\u0003\""},
                {"\n\n", "\"\\u000a\\u000a\""}, {"1 a 1", "\"1 a 1\""}, {"[]", "\"[]\""}}) {
            Files.writeString(file, contentAndFound[0]);
            assertEquals(
                    file + ": at its beginning: expected a tokenizer.json, which begins with {, or a World vocabulary, "
                            + "which begins like 1 'a' 1, found " + contentAndFound[1],
                    assertThrows(TokenizerFormatException.class, () -> Tokenizer.load(file)).getMessage());
        }
        assertThrows(IOException.class, () -> Tokenizer.load(folder.resolve("missing")));
    }

    private static List<byte[]> bytesById() {
        List<byte[]> tokens = new ArrayList<>();
        tokens.add(null);
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[]{(byte) b});
        }
        return tokens;
    }

    private static void assertRefused(List<byte[]> tokens, String message) {
        String found = assertThrows(TokenizerFormatException.class, () -> WorldTokenizer.of(tokens, "a list"))
                .getMessage();
        assertTrue(found.startsWith("a list: at ") && found.contains(message), found);
    }

    @Test
    void shouldTakeAVocabularyThatIsHeldElsewhere() throws IOException {
        List<byte[]> tokens = bytesById();
        tokens.add(null);
        byte[] own = {'a', 'b'};
        tokens.add(own);
        WorldTokenizer tokenizer = WorldTokenizer.of(tokens, "a list");
        own[0] = 'x';

        assertArrayEquals(new int[]{258, C}, tokenizer.encode("abc"));
        assertEquals(259, tokenizer.vocabularySize());
        assertArrayEquals(new byte[]{'a', 'b'}, tokenizer.token(258).orElseThrow());
        assertTrue(tokenizer.token(257).isEmpty());
        assertTrue(tokenizer.token(0).isEmpty());
        assertThrows(IllegalArgumentException.class, () -> tokenizer.token(259));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.token(-1));
        assertEquals(OptionalInt.of(0), tokenizer.endOfText());
    }

    @Test
    void shouldEndTextsWhereAVocabularyHeldElsewhereDoes() throws IOException {
        List<byte[]> tokens = bytesById();
        tokens.add(null);
        WorldTokenizer control = WorldTokenizer.of(tokens, 257, "a list");
        assertEquals(OptionalInt.of(257), control.endOfText());
        assertEquals(258, control.vocabularySize());
        assertEquals("", control.decode(new int[]{257, 0}));
        WorldTokenizer text = WorldTokenizer.of(tokens, A, "a list");
        assertEquals(OptionalInt.of(A), text.endOfText());
        assertArrayEquals(new int[]{A}, text.encode("a"));
        for (int id : new int[]{-1, 258}) {
            assertEquals("a list: at the token that ends a text: expected an id below the 258 of the vocabulary, found "
                    + id,
                    assertThrows(TokenizerFormatException.class, () -> WorldTokenizer.of(tokens, id, "a list"))
                            .getMessage());
        }
    }

    @Test
    void shouldRefuseAVocabularyThatIsNone() {
        List<byte[]> twice = bytesById();
        twice.add(new byte[]{'a'});
        assertRefused(twice, "token id 257: expected a token that no id before has, found that of id " + A + " again");
        List<byte[]> empty = bytesById();
        empty.add(new byte[0]);
        assertRefused(empty, "token id 257: expected a token of one byte or more");
        List<byte[]> zero = bytesById();
        zero.set(0, new byte[]{'x', 'y'});
        assertRefused(zero, "token id 0: expected no token, as this id ends a text");
        List<byte[]> large = bytesById();
        large.add(new byte[WorldVocabulary.MAX_BYTES]);
        assertRefused(large, "token id 257: expected at most");
        assertRefused(bytesById().subList(0, 256), "a token for each of the 256 bytes, found none for FF");
    }
}
