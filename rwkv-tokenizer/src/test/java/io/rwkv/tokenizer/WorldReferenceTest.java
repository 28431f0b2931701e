package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** The World vocabulary against ids that the rwkv package's tokenizers gave. */
class WorldReferenceTest {
    private static final String VOCABULARY = "rwkv_vocab_v20230424.txt";
    private static WorldTokenizer tokenizer;

    /** Before each test, since a class that is skipped as a whole is missing from the counts. */
    @BeforeEach
    void load() throws IOException {
        Path file = ReferenceFiles.find(VOCABULARY);
        if (tokenizer == null) {
            tokenizer = (WorldTokenizer) Tokenizer.load(file);
        }
    }

    @Test
    void shouldEncodeAndDecodeAsTheReference() throws IOException {
        List<ReferenceFiles.Case> cases = ReferenceFiles.cases("world.jsonl");
        assertEquals(1500, cases.size());
        StreamingDecoder decoder = tokenizer.newStreamingDecoder();
        for (int i = 0; i < cases.size(); i++) {
            ReferenceFiles.Case expected = cases.get(i);
            String line = "line " + (i + 1);
            byte[] bytes = expected.bytes();
            if (bytes == null) {
                bytes = expected.text().getBytes(StandardCharsets.UTF_8);
                assertArrayEquals(expected.ids(), tokenizer.encode(expected.text()), line);
                assertEquals(expected.text(), tokenizer.decode(expected.ids()), line);
            }
            assertArrayEquals(expected.ids(), tokenizer.encode(bytes), line);
            assertArrayEquals(bytes, tokenizer.decodeBytes(expected.ids()), line);
            StringBuilder streamed = new StringBuilder();
            for (int id : expected.ids()) {
                streamed.append(decoder.accept(id));
            }
            assertEquals(tokenizer.decode(expected.ids()), streamed.append(decoder.finish()).toString(), line);
        }
    }

    @Test
    void shouldEncodeAllPairsOfBytesAsTheReference() throws IOException {
        List<ReferenceFiles.Case> cases = ReferenceFiles.cases("world-allbytepairs.jsonl");
        assertEquals(1, cases.size());
        assertEquals(65537, cases.get(0).bytes().length);
        assertArrayEquals(cases.get(0).ids(), tokenizer.encode(cases.get(0).bytes()));
        assertArrayEquals(cases.get(0).bytes(), tokenizer.decodeBytes(cases.get(0).ids()));
    }

    @Test
    void shouldKnowItsTokens() {
        assertEquals(65530, tokenizer.vocabularySize());
        assertEquals(OptionalInt.of(0), tokenizer.endOfText());
        assertEquals(OptionalInt.of(333), tokenizer.idOf(" b"));
        for (int id = 1; id < 65530; id++) {
            assertArrayEquals(new int[]{id}, tokenizer.encode(tokenizer.decodeBytes(new int[]{id})));
        }
    }

    @Test
    void shouldReadCopyWithWindowsLineEnds() throws IOException {
        String text = Files.readString(ReferenceFiles.find(VOCABULARY));
        assertTrue(!text.contains("\r"));
        WorldTokenizer windows = WorldTokenizer.load(
                new ByteArrayInputStream(text.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8)), "windows");
        for (int id = 1; id < 65530; id++) {
            assertArrayEquals(tokenizer.decodeBytes(new int[]{id}), windows.decodeBytes(new int[]{id}));
        }
    }
}
