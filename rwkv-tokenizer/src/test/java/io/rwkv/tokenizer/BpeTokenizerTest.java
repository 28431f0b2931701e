package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.junit.jupiter.api.io.TempDir;

class BpeTokenizerTest {
    private static final int HE = 256;
    private static final int LL = 257;
    private static final int HELLO = 259;
    private static final int SPACE_WORLD = 264;
    private static final String[] MERGES = {"h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "l d", "Ġwor ld"};

    private static TestVocabulary small() {
        return new TestVocabulary(MERGES);
    }

    @Test
    void shouldMergeWithinPieces() throws IOException {
        BpeTokenizer tokenizer = small().load();

        assertArrayEquals(new int[]{HELLO, SPACE_WORLD, '!'}, tokenizer.encode("hello world!"));
        assertArrayEquals(new int[]{HE, 'l', ' ', LL}, tokenizer.encode("hel ll"));
        assertArrayEquals(new int[0], tokenizer.encode(""));
    }

    @Test
    void shouldNotMergeAcrossPieces() throws IOException {
        // "'ll" is a piece, so the l that follows cannot join it, nor can "he" before it.
        assertArrayEquals(new int[]{HE, '\'', LL, 'l', 'o'}, small().load().encode("he'lllo"));
    }

    @Test
    void shouldMergeLowestRankFirstAndLeftmostAmongEquals() throws IOException {
        assertArrayEquals(new int[]{'a', 256}, new TestVocabulary("b c", "a b").load().encode("abc"));
        assertArrayEquals(new int[]{256, 'c'}, new TestVocabulary("a b", "b c").load().encode("abc"));
        assertArrayEquals(new int[]{256, 256, 'a'}, new TestVocabulary("a a").load().encode("aaaaa"));
    }

    @Test
    void shouldTakeLastRankOfMergeListedTwice() throws IOException {
        assertArrayEquals(new int[]{'a', 257}, new TestVocabulary("a b", "b c", "a b").load().encode("abc"));
    }

    @Test
    void shouldNotGiveTokensThatMergingDoesNotReach() throws IOException {
        // Of its own bytes "abc" is not made, since b and c merge before a and b do; "xyz" no merge makes at all.
        TestVocabulary vocabulary = new TestVocabulary("b c", "a b", "ab c", "d e");
        vocabulary.vocab().put("xyz", 300);
        BpeTokenizer tokenizer = vocabulary.load();

        assertArrayEquals(new int[]{'a', 256}, tokenizer.encode("abc"));
        assertArrayEquals(new int[]{'x', 'y', 'z'}, tokenizer.encode("xyz"));
        assertArrayEquals(new int[]{259}, tokenizer.encode("de"));
        assertEquals("abcxyz", tokenizer.decode(new int[]{258, 300}));
    }

    @Test
    void shouldReadMergesAsArrays() throws IOException {
        TestVocabulary vocabulary = small();
        var merges = vocabulary.model().putArray("merges");
        for (String merge : MERGES) {
            merges.addArray().add(merge.split(" ")[0]).add(merge.split(" ")[1]);
        }

        assertArrayEquals(new int[]{HELLO, SPACE_WORLD}, vocabulary.load().encode("hello world"));
    }

    @Test
    void shouldPutSpaceBeforeTextOnlyIfAskedAndMissing() throws IOException {
        TestVocabulary vocabulary = small();
        vocabulary.part("pre_tokenizer").put("add_prefix_space", true);
        int end = vocabulary.add("<|end|>");
        BpeTokenizer tokenizer = vocabulary.load();

        assertArrayEquals(new int[]{SPACE_WORLD}, tokenizer.encode("world"));
        assertArrayEquals(new int[]{SPACE_WORLD}, tokenizer.encode(" world"));
        assertArrayEquals(new int[]{SPACE_WORLD, end, SPACE_WORLD}, tokenizer.encode("world<|end|>world"));
        assertArrayEquals(new int[0], tokenizer.encode(""));
    }

    @Test
    void shouldNotSplitIfAskedNotTo() throws IOException {
        TestVocabulary vocabulary = new TestVocabulary("o Ġ", "oĠ w");
        assertArrayEquals(new int[]{'o', ' ', 'w'}, vocabulary.load().encode("o w"));

        vocabulary.part("pre_tokenizer").put("use_regex", false);
        assertArrayEquals(new int[]{257}, vocabulary.load().encode("o w"));
    }

    @Test
    void shouldNormalizeOnlyIfAsked() throws IOException {
        TestVocabulary vocabulary = small();
        assertArrayEquals(new int[]{0xC3, 0xA9}, vocabulary.load().encode("e\u0301"));

        vocabulary.root.putNull("normalizer");
        assertArrayEquals(new int[]{'e', 0xCC, 0x81}, vocabulary.load().encode("e\u0301"));
    }

    @Test
    void shouldEncodeUnpairedSurrogatesAsReplacementCharacter() throws IOException {
        BpeTokenizer tokenizer = small().load();
        int[] replaced = {'a', 0xEF, 0xBF, 0xBD, 'b'};

        assertArrayEquals(replaced, tokenizer.encode("a\uD800b"));
        assertArrayEquals(replaced, tokenizer.encode("a\uDC00b"));
        assertArrayEquals(new int[]{0xEF, 0xBF, 0xBD}, tokenizer.encode("\uD83D"));
        assertArrayEquals(new int[]{0xEF, 0xBF, 0xBD, 0xF0, 0x9F, 0x98, 0x80}, tokenizer.encode("\uD83D\uD83D\uDE00"));
    }

    @Test
    void shouldDecodeEveryByteAndReplaceWhatIsNoUtf8() throws IOException {
        BpeTokenizer tokenizer = small().load();
        int[] ids = new int[256];
        byte[] bytes = new byte[256];
        for (int b = 0; b < 256; b++) {
            ids[b] = b;
            bytes[b] = (byte) b;
        }

        assertArrayEquals(bytes, tokenizer.decodeBytes(ids));
        assertEquals(new String(bytes, StandardCharsets.UTF_8), tokenizer.decode(ids));
        assertEquals("hello world", tokenizer.decode(new int[]{HELLO, SPACE_WORLD}));
        assertEquals("\uFFFDa", tokenizer.decode(new int[]{0xE2, 'a'}));
    }

    @Test
    void shouldNameUnknownIdAndRange() throws IOException {
        TestVocabulary vocabulary = small();
        vocabulary.vocab().put("hole", 300);
        BpeTokenizer tokenizer = vocabulary.load();

        assertEquals(301, tokenizer.vocabularySize());
        for (int id : new int[]{-1, 301, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            String message = assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(new int[]{'a', id}))
                    .getMessage();
            assertEquals("token id " + id + " is outside the vocabulary's 0 to 300", message);
        }
    }

    @Test
    void shouldFindTokensByTheirText() throws IOException {
        TestVocabulary vocabulary = small();
        assertEquals(OptionalInt.empty(), vocabulary.load().endOfText());

        int end = vocabulary.add("<|endoftext|>", "special");
        int added = vocabulary.add(" w", "normalized");
        BpeTokenizer tokenizer = vocabulary.load();
        assertEquals(OptionalInt.of(end), tokenizer.endOfText());
        assertEquals(OptionalInt.of(SPACE_WORLD), tokenizer.idOf(" world"));
        assertEquals(OptionalInt.of(added), tokenizer.idOf(" w"));
        assertEquals(OptionalInt.empty(), tokenizer.idOf("Ġworld"));
        assertEquals(end + 2, tokenizer.vocabularySize());
    }

    @Test
    void shouldLoadFromFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), small().root.toString());

        assertArrayEquals(new int[]{HELLO}, BpeTokenizer.load(file).encode("hello"));
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldEncodeMegabytesThatAreOnePiece() throws IOException {
        BpeTokenizer tokenizer = new TestVocabulary("a a", "aa aa", "Ġ Ġ", "a b", "b a", "! !").load();
        Random random = new Random(1);
        StringBuilder letters = new StringBuilder();
        for (int i = 0; i < 1 << 20; i++) {
            letters.append((char) ('a' + random.nextInt(3)));
        }

        for (String text : List.of("a".repeat(1 << 20), " ".repeat(1 << 20), "!".repeat(1 << 20), letters.toString(),
                " \n".repeat(1 << 19), "字".repeat(1 << 20))) {
            assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
        }
        assertEquals(1 << 18, tokenizer.encode("a".repeat(1 << 20)).length);
    }

    @Test
    void shouldGiveSameIdsToConcurrentCallers() throws Exception {
        TestVocabulary vocabulary = small();
        vocabulary.add("<|endoftext|>", "special");
        BpeTokenizer tokenizer = vocabulary.load();
        List<String> texts = new ArrayList<>();
        List<int[]> expected = new ArrayList<>();
        Random random = new Random(2);
        for (int i = 0; i < 50; i++) {
            texts.add("hello world<|endoftext|> e\u0301 'll ".repeat(1 + random.nextInt(20)) + "hell".repeat(i));
            expected.add(tokenizer.encode(texts.get(i)));
        }

        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<?>> calls = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                int which = i % texts.size();
                calls.add(threads.submit(
                        () -> assertArrayEquals(expected.get(which), tokenizer.encode(texts.get(which)))));
            }
            for (Future<?> call : calls) {
                call.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertTrue(expected.stream().anyMatch(ids -> ids.length > PairMerger.LONGEST_SCAN));
    }
}
