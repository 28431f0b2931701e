package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The vocabulary of the Pile models against ids that Hugging Face's tokenizers gave. */
class BpeReferenceTest {
    private static BpeTokenizer tokenizer;
    private static final List<String> texts = new ArrayList<>();
    private static final List<int[]> expected = new ArrayList<>();

    /** Before each test, since a class that is skipped as a whole is missing from the counts. */
    @BeforeEach
    void load() throws IOException {
        Path vocabulary = ReferenceFiles.find("20B_tokenizer.json");
        List<ReferenceFiles.Case> cases = ReferenceFiles.cases("neox20b.jsonl");
        if (tokenizer != null) {
            return;
        }
        tokenizer = (BpeTokenizer) Tokenizer.load(vocabulary);
        for (ReferenceFiles.Case line : cases) {
            texts.add(line.text());
            expected.add(line.ids());
        }
    }

    @Test
    void shouldEncodeAsTheReference() {
        assertEquals(1500, texts.size());
        for (int i = 0; i < texts.size(); i++) {
            assertArrayEquals(expected.get(i), tokenizer.encode(texts.get(i)), "line " + (i + 1));
        }
    }

    @Test
    void shouldEncodeAllTextsAtOnce() {
        // Added tokens cut a text, so that the parts around them do not influence each other.
        List<Integer> ids = new ArrayList<>();
        for (int[] part : expected) {
            for (int id : part) {
                ids.add(id);
            }
            ids.add(0);
        }
        assertArrayEquals(ids.stream().mapToInt(Integer::intValue).toArray(),
                tokenizer.encode(String.join("<|endoftext|>", texts) + "<|endoftext|>"));
    }

    @Test
    void shouldDecodeToNormalizedTextAtOnceAndStreamed() {
        StreamingDecoder decoder = tokenizer.newStreamingDecoder();
        for (int i = 0; i < texts.size(); i++) {
            String normalized = Normalizer.normalize(texts.get(i), Normalizer.Form.NFC);
            assertEquals(normalized, tokenizer.decode(expected.get(i)), "line " + (i + 1));
            StringBuilder streamed = new StringBuilder();
            for (int id : expected.get(i)) {
                streamed.append(decoder.accept(id));
            }
            assertEquals(normalized, streamed.append(decoder.finish()).toString(), "line " + (i + 1));
        }
    }

    @Test
    void shouldKnowItsSizeAndSpecialTokens() {
        assertEquals(50277, tokenizer.vocabularySize());
        assertEquals(OptionalInt.of(0), tokenizer.endOfText());
        assertEquals(OptionalInt.of(1), tokenizer.idOf("<|padding|>"));
        assertEquals(OptionalInt.of(50276), tokenizer.idOf("  "));
        assertEquals(OptionalInt.of(253), tokenizer.idOf(" the"));
    }
}
