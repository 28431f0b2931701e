package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The rules are those of Hugging Face's tokenizers 0.21, with which random texts were compared. */
class AddedTokensTest {
    private final TestVocabulary vocabulary = new TestVocabulary();

    @Test
    void shouldFindLongestAtLeftmostPlace() throws IOException {
        int two = vocabulary.add("  ", "normalized");
        int three = vocabulary.add("   ", "normalized");
        int abc = vocabulary.add("abc");
        int bcde = vocabulary.add("bcde");
        int b = vocabulary.add("b");
        BpeTokenizer tokenizer = vocabulary.load();

        assertArrayEquals(new int[]{three, two, 'x', ' ', 'x'}, tokenizer.encode("     x x"));
        assertArrayEquals(new int[]{three, ' '}, tokenizer.encode("    "));
        assertArrayEquals(new int[]{abc, 'd', 'e', bcde, 'a', b, 'd'}, tokenizer.encode("abcdebcdeabd"));
        assertArrayEquals(new int[]{'a', b}, tokenizer.encode("ab"));
        assertEquals("     abcb", tokenizer.decode(tokenizer.encode("     abcb")));
    }

    /** Tokens of one beginning, of several, and of one byte are each looked for in another way. */
    @Test
    void shouldFindTokensAtEveryPlace() throws IOException {
        List<List<String>> vocabularies = List.of(List.of("<|x|>", "<|"), List.of("<|", "  ", "é!"),
                List.of("<|", "|", "字"), List.of("<"));
        Random random = new Random(5);
        String[] parts = {"<", "|", "<|", "x|>", " ", "é", "!", "字", "a", "abcdefgh"};
        for (List<String> wanted : vocabularies) {
            TestVocabulary vocabulary = new TestVocabulary();
            Map<String, Integer> ids = new HashMap<>();
            wanted.forEach(token -> ids.put(token, vocabulary.add(token)));
            BpeTokenizer tokenizer = vocabulary.load();
            for (int round = 0; round < 3000; round++) {
                StringBuilder text = new StringBuilder();
                for (int i = random.nextInt(12); i >= 0; i--) {
                    text.append(parts[random.nextInt(parts.length)]);
                }
                assertArrayEquals(naive(text.toString(), ids), tokenizer.encode(text.toString()), text.toString());
            }
        }
    }

    /** The longest token at each place, else a byte of its own. */
    private static int[] naive(String text, Map<String, Integer> ids) {
        List<Integer> found = new ArrayList<>();
        for (int at = 0; at < text.length();) {
            String rest = text.substring(at);
            String longest = ids.keySet().stream().filter(rest::startsWith)
                    .max(Comparator.comparingInt(String::length)).orElse("");
            if (!longest.isEmpty()) {
                found.add(ids.get(longest));
                at += longest.length();
            } else {
                for (byte b : rest.substring(0, 1).getBytes(StandardCharsets.UTF_8)) {
                    found.add(b & 0xFF);
                }
                at++;
            }
        }
        return found.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void shouldLookForRawTokensBeforeNormalizedOnes() throws IOException {
        int normalized = vocabulary.add("a<b>", "normalized");
        int raw = vocabulary.add("<b>");

        BpeTokenizer tokenizer = vocabulary.load();
        assertArrayEquals(new int[]{'a', raw}, tokenizer.encode("a<b>"));
        assertEquals("a<b>", tokenizer.decode(new int[]{normalized}));
    }

    @Test
    void shouldNormalizeBetweenRawTokens() throws IOException {
        int raw = vocabulary.add("e");
        int composed = vocabulary.add("o\u0301", "normalized");
        int decomposed = vocabulary.add("u\u0301");
        BpeTokenizer tokenizer = vocabulary.load();

        assertArrayEquals(new int[]{raw, 0xCC, 0x81}, tokenizer.encode("e\u0301"));
        assertArrayEquals(new int[]{composed, composed}, tokenizer.encode("ó" + "o\u0301"));
        assertArrayEquals(new int[]{0xC3, 0xBA, decomposed}, tokenizer.encode("ú" + "u\u0301"));
    }

    @Test
    void shouldPreferSpecialTokenOfSameNormalizedText() throws IOException {
        vocabulary.add("é", "normalized");
        int special = vocabulary.add("e\u0301", "normalized", "special");

        assertArrayEquals(new int[]{special}, vocabulary.load().encode("é"));
    }

    @Test
    void shouldTakeWhiteSpaceOnTheSidesAskedFor() throws IOException {
        int left = vocabulary.add("<L>", "lstrip");
        int right = vocabulary.add("<R>", "rstrip");
        int both = vocabulary.add("<B>", "lstrip", "rstrip", "normalized");
        BpeTokenizer tokenizer = vocabulary.load();

        assertArrayEquals(new int[]{'a', left, ' ', 'b'}, tokenizer.encode("a \u3000\n<L> b"));
        assertArrayEquals(new int[]{'a', ' ', right, 'b'}, tokenizer.encode("a <R> \u00A0b"));
        assertArrayEquals(new int[]{'a', both, both, 'b'}, tokenizer.encode("a <B>  <B> b"));
        assertArrayEquals(new int[]{right, left}, tokenizer.encode("<R>  <L>"));
        assertArrayEquals(new int[]{left}, tokenizer.encode("  <L>"));
    }

    @Test
    void shouldMatchSingleWordsOnlyBetweenOtherCharacters() throws IOException {
        int word = vocabulary.add("on", "single_word");
        BpeTokenizer tokenizer = vocabulary.load();

        assertArrayEquals(new int[]{word, ' ', word, '.', word}, tokenizer.encode("on on.on"));
        for (String text : new String[]{"ton", "one", "_on", "on1", "on\u0301", "éon"}) {
            for (int id : tokenizer.encode(text)) {
                assertEquals(true, id != word, text);
            }
        }
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldFindTokensInMegabytesOfNearMatches() throws IOException {
        for (int spaces = 2; spaces <= 24; spaces++) {
            vocabulary.add(" ".repeat(spaces), "normalized");
        }
        int end = vocabulary.add("<|endoftext|>", "special");
        BpeTokenizer tokenizer = vocabulary.load();

        assertEquals((1 << 20) / 24 + 1, tokenizer.encode(" ".repeat(1 << 20)).length);
        assertEquals(12 << 16, tokenizer.encode("<|endoftext|".repeat(1 << 16)).length);
        int[] ids = tokenizer.encode("<|endoftext|>".repeat(1 << 16));
        assertEquals(1 << 16, ids.length);
        assertEquals(end, ids[ids.length - 1]);
    }
}
