package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** Ids that stand for nothing, wherever they lie in a vocabulary of either kind. */
class IdsWithoutTextTest {
    /** Every id of the vocabulary, alone, between others, streamed; {@code silent} are those that give nothing. */
    private static void check(Tokenizer tokenizer, int size, Set<Integer> silent) {
        assertEquals(size, tokenizer.vocabularySize());
        int a = tokenizer.idOf("a").orElseThrow();
        StreamingDecoder decoder = tokenizer.newStreamingDecoder();
        for (int id = 0; id < size; id++) {
            assertEquals(!silent.contains(id), tokenizer.standsForText(id), "id " + id);
            byte[] bytes = tokenizer.decodeBytes(new int[]{id});
            assertEquals(silent.contains(id), bytes.length == 0, "id " + id);
            byte[] expected = ("a" + new String(bytes, StandardCharsets.ISO_8859_1) + "a")
                    .getBytes(StandardCharsets.ISO_8859_1);
            assertArrayEquals(expected, tokenizer.decodeBytes(new int[]{a, id, a}), "id " + id);
            if (silent.contains(id)) {
                assertEquals("", tokenizer.decode(new int[]{id}));
                assertEquals("", decoder.accept(id));
            }
        }
        for (int id : new int[]{-1, size, size + 1000, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            assertFalse(tokenizer.standsForText(id), "id " + id);
            assertTrue(assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(new int[]{a, id}))
                    .getMessage().contains("token id " + id + " is outside the vocabulary's 0 to " + (size - 1)));
            assertThrows(IllegalArgumentException.class, () -> decoder.accept(id));
        }
    }

    private static Set<Integer> ids(int from, int to) {
        Set<Integer> ids = new TreeSet<>();
        for (int id = from; id < to; id++) {
            ids.add(id);
        }
        return ids;
    }

    @Test
    void gapsOfAWorldFileShouldStandForNothing() throws IOException {
        Set<Integer> silent = ids(257, 299);
        silent.add(0);
        check(TestWorldVocabulary.load("299 'the' 3"), 300, silent);
    }

    @Test
    void gapsOfAWorldVocabularyFromElsewhereShouldStandForNothing() throws IOException {
        List<byte[]> tokens = new ArrayList<>();
        tokens.add(null);
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[]{(byte) b});
        }
        tokens.addAll(Arrays.asList(null, null, new byte[]{'t', 'h'}, null));
        check(WorldTokenizer.of(tokens, "a list"), 260, new TreeSet<>(List.of(0, 257, 258)));
    }

    @Test
    void holesOfATokenizerJsonShouldStandForNothing() throws IOException {
        TestVocabulary vocabulary = new TestVocabulary("t h");
        vocabulary.vocab().put("hole", 300);
        check(vocabulary.load(), 301, ids(257, 300));
    }

    @Test
    void anEmptyTokenShouldStandForNothing() throws IOException {
        TestVocabulary vocabulary = new TestVocabulary();
        vocabulary.vocab().put("", 256);
        check(vocabulary.load(), 257, ids(256, 257));
    }

    @Test
    void specialTokensShouldBeSpelledOutAndYetBeNoPartOfTheText() throws IOException {
        TestVocabulary vocabulary = new TestVocabulary("t h");
        int padding = vocabulary.add("<|padding|>", "special");
        int end = vocabulary.add("<|endoftext|>");
        int spaces = vocabulary.add("    ");
        BpeTokenizer tokenizer = vocabulary.load();

        assertFalse(tokenizer.standsForText(padding));
        assertFalse(tokenizer.standsForText(end));
        assertTrue(tokenizer.standsForText(spaces));
        assertEquals("<|padding|>a<|endoftext|>", tokenizer.decode(new int[]{padding, 'a', end}));
    }

    @Test
    void idsWithoutTextShouldNotBreakTheCharacterAroundThem() throws IOException {
        StreamingDecoder decoder = TestWorldVocabulary.load("299 'the' 3").newStreamingDecoder();
        assertEquals("", decoder.accept(1 + 0xC3));
        assertEquals("", decoder.accept(280));
        assertEquals("", decoder.accept(0));
        assertEquals("é", decoder.accept(1 + 0xA9));
    }

    @Test
    void anyIdsOfAVocabularyWithGapsShouldDecodeAtOnceAsTheyDoStreamed() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("299 'the' 3");
        Random random = new Random(11);
        for (int round = 0; round < 2000; round++) {
            int[] ids = random.ints(random.nextInt(20), 0, 300).toArray();
            StreamingDecoder decoder = tokenizer.newStreamingDecoder();
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(decoder.accept(id));
            }
            streamed.append(decoder.finish());
            assertEquals(tokenizer.decode(ids), streamed.toString());
            assertEquals(tokenizer.decode(Arrays.stream(ids).filter(tokenizer::standsForText).toArray()),
                    streamed.toString());
        }
    }

    @Test
    void theReferenceVocabularyWithGapsShouldDecode() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(ReferenceFiles.find("field", "F6-gap-vocabulary.txt"));
        Set<Integer> silent = ids(257, 299);
        silent.add(0);
        check(tokenizer, 300, silent);
        assertEquals("the", tokenizer.decode(new int[]{270, 299, 298}));
    }
}
