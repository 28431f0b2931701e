package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Text without special tokens, counts, and many texts. */
class EncodeOrdinaryTest {
    private final TestVocabulary vocabulary = new TestVocabulary("< |", "e n", "en d", "| >");

    @Test
    void namesOfSpecialTokensShouldBeText() throws IOException {
        int end = vocabulary.add("<|end|>", "special");
        BpeTokenizer tokenizer = vocabulary.load();
        assertArrayEquals(new int[]{'a', end, 'b'}, tokenizer.encode("a<|end|>b"));
        assertArrayEquals(new int[]{'a', 256, 258, 259, 'b'}, tokenizer.encodeOrdinary("a<|end|>b"));
        assertArrayEquals(new int[]{256, 258, 259}, tokenizer.encodeOrdinary("<|end|>"));
        assertArrayEquals(new int[0], tokenizer.encodeOrdinary(""));
        assertEquals("a<|end|>b", tokenizer.decode(tokenizer.encodeOrdinary("a<|end|>b")));
    }

    @Test
    void otherAddedTokensShouldStillBeFound() throws IOException {
        int end = vocabulary.add("<|end|>", "special");
        int normalizedEnd = vocabulary.add("<|fin|>", "special", "normalized");
        int spaces = vocabulary.add("   ", "normalized");
        int user = vocabulary.add("<user>");
        BpeTokenizer tokenizer = vocabulary.load();
        String text = "   <user><|end|><|fin|>   ";
        assertArrayEquals(new int[]{spaces, user, end, normalizedEnd, spaces}, tokenizer.encode(text));
        int[] ordinary = tokenizer.encodeOrdinary(text);
        assertEquals(List.of(spaces, user), Arrays.stream(ordinary).limit(2).boxed().toList());
        assertEquals(spaces, ordinary[ordinary.length - 1]);
        assertTrue(Arrays.stream(ordinary).noneMatch(id -> id == end || id == normalizedEnd));
        assertEquals(text, tokenizer.decode(ordinary));
    }

    /** As in Hugging Face's library, which passes over the whole match. */
    @Test
    void nothingShouldBeFoundInsideTheNameOfASpecialToken() throws IOException {
        vocabulary.add("<|end|>", "special");
        int inner = vocabulary.add("end");
        BpeTokenizer tokenizer = vocabulary.load();
        assertArrayEquals(new int[]{inner, 256, 258, 259, inner}, tokenizer.encodeOrdinary("end<|end|>end"));
    }

    @Test
    void whiteSpaceAroundSpecialTokensShouldBeKept() throws IOException {
        int end = vocabulary.add("<|end|>", "special", "lstrip", "rstrip");
        BpeTokenizer tokenizer = vocabulary.load();
        assertArrayEquals(new int[]{'a', end, 'b'}, tokenizer.encode("a <|end|> b"));
        assertEquals("a <|end|> b", tokenizer.decode(tokenizer.encodeOrdinary("a <|end|> b")));
    }

    @Test
    void countsShouldBeThoseOfEncode() throws IOException {
        vocabulary.add("<|end|>", "special");
        List<Tokenizer> tokenizers = List.of(vocabulary.load(), TestWorldVocabulary.load("300 'ab' 2", "301 'abc' 3"));
        Random random = new Random(4);
        String[] parts = {"<|end|>", "a", "b", "c", "abc", " ", "é", "字", "😀", "\uD800", "end", "\n"};
        for (int round = 0; round < 2000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i > 0; i--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            for (Tokenizer tokenizer : tokenizers) {
                assertEquals(tokenizer.encode(text.toString()).length, tokenizer.countTokens(text.toString()));
            }
        }
    }

    @Test
    void manyTextsShouldBeEncodedAsEachAlone() throws IOException {
        int end = vocabulary.add("<|end|>", "special");
        Tokenizer tokenizer = vocabulary.load();
        List<int[]> ids = tokenizer.encodeAll(List.of("end", "", "<|end|>"));
        assertEquals(3, ids.size());
        assertArrayEquals(new int[]{258}, ids.get(0));
        assertArrayEquals(new int[0], ids.get(1));
        assertArrayEquals(new int[]{end}, ids.get(2));
        assertTrue(tokenizer.encodeAll(List.of()).isEmpty());
        assertThrows(NullPointerException.class, () -> tokenizer.encodeAll(Arrays.asList("a", null)));
    }

    @Test
    void aWorldVocabularyShouldHaveNoSpecialTokens() throws IOException {
        WorldTokenizer tokenizer = TestWorldVocabulary.load("300 '<|endoftext|>' 13");
        assertArrayEquals(tokenizer.encode("a<|endoftext|>b"), tokenizer.encodeOrdinary("a<|endoftext|>b"));
        assertArrayEquals(tokenizer.encode("\uD800"), tokenizer.encodeOrdinary("\uD800"));
    }

    @Test
    void theReferenceTextsShouldComeOutTheSameButForSpecialTokens() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(ReferenceFiles.find("20B_tokenizer.json"));
        int special = 0;
        for (ReferenceFiles.Case line : ReferenceFiles.cases("neox20b.jsonl")) {
            int[] ordinary = tokenizer.encodeOrdinary(line.text());
            assertEquals(line.ids().length, tokenizer.countTokens(line.text()));
            if (Arrays.stream(line.ids()).allMatch(id -> id > 1)) {
                assertArrayEquals(line.ids(), ordinary, line.text());
            } else {
                special++;
                assertTrue(Arrays.stream(ordinary).allMatch(id -> id > 1), line.text());
                assertEquals(Normalizer.normalize(line.text(), Normalizer.Form.NFC), tokenizer.decode(ordinary));
            }
        }
        assertTrue(special > 0);
    }
}
