package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Ids below 256 are bytes here. */
class StreamingDecoderTest {
    private Tokenizer tokenizer;
    private StreamingDecoder decoder;

    @BeforeEach
    void load() throws IOException {
        tokenizer = new TestVocabulary("h i", "ð Ł", "ðŁ ĺ", "Ģ ð").load();
        decoder = tokenizer.newStreamingDecoder();
    }

    @Test
    void shouldGiveTextAsSoonAsItIsComplete() {
        assertEquals("hi", decoder.accept(256));
        assertEquals("", decoder.accept(0xC3));
        assertEquals("é", decoder.accept(0xA9));
        assertEquals("", decoder.accept(258)); // three of four bytes of 😀
        assertEquals("😀", decoder.accept(259)); // the fourth, and the first of the next character
        assertEquals("\uFFFDa", decoder.accept('a'));
        assertEquals("", decoder.finish());
    }

    @Test
    void shouldNotHoldBackWhatCanNoLongerBeCompleted() {
        assertEquals("\uFFFD", decoder.accept(0x80));
        assertEquals("\uFFFD", decoder.accept(0xC1));
        assertEquals("\uFFFD", decoder.accept(0xFF));
        assertEquals("", decoder.accept(0xE0));
        assertEquals("\uFFFD\uFFFD", decoder.accept(0x80));
    }

    @Test
    void shouldFlushBrokenCharacterAndBeginAnew() {
        assertEquals("", decoder.accept(0xE2));
        assertEquals("", decoder.accept(0x82));
        assertEquals("\uFFFD", decoder.finish());
        assertEquals("", decoder.finish());
        assertEquals("\uFFFD", decoder.accept(0xAC));
    }

    @Test
    void shouldBeUnchangedByUnknownId() {
        decoder.accept(0xC3);
        assertThrows(IllegalArgumentException.class, () -> decoder.accept(5000));
        assertEquals("é", decoder.accept(0xA9));
    }

    @Test
    void shouldEqualDecodeOfAllIdsForAnyBytes() throws CharacterCodingException {
        Random random = new Random(5);
        int[] likely = {0xC3, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 'a', 0xC0,
                0xC1, 0xF5, 0xFF, 256, 257, 258, 259};
        for (int round = 0; round < 100_000; round++) {
            int[] ids = new int[random.nextInt(12)];
            StringBuilder streamed = new StringBuilder();
            for (int i = 0; i < ids.length; i++) {
                ids[i] = random.nextInt(4) == 0 ? random.nextInt(260) : likely[random.nextInt(likely.length)];
                streamed.append(decoder.accept(ids[i]));
            }
            streamed.append(decoder.finish());

            byte[] bytes = tokenizer.decodeBytes(ids);
            assertEquals(tokenizer.decode(ids), streamed.toString());
            assertEquals(StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPLACE)
                    .decode(ByteBuffer.wrap(bytes)).toString(), streamed.toString());
        }
    }

    @Test
    void shouldHoldBackOnlyOneCharacter() {
        StringBuilder streamed = new StringBuilder();
        String text = "aé€😀".repeat(10);
        int characters = 0;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            streamed.append(decoder.accept(b & 0xFF));
            characters += (b & 0xC0) != 0x80 ? 1 : 0;
            int complete = streamed.codePointCount(0, streamed.length());
            assertEquals(true, complete == characters || complete == characters - 1);
        }
        assertEquals(text, streamed.toString());
    }
}
