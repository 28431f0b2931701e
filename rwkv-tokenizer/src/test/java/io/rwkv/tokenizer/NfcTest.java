package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Random;
import java.util.stream.IntStream;

class NfcTest {
    private static final int[] LETTERS = {'a', 'e', 0xE9, 0x915, 0xAC00, 0x1100, ' ', 0x1E9B, 0x110A5};
    /** Among them marks that decompose, some to marks of other classes than their own. */
    private static final int[] MARKS = {0x301, 0x316, 0x327, 0x328, 0x334, 0x340, 0x344, 0x345, 0x35C, 0x302A, 0x3099,
            0x94D, 0xF71, 0xF72, 0xF73, 0xF75, 0xF81, 0x488, 0x903, 0x1D165};

    @Test
    void shouldNormalizeAsTheJdkDoes() {
        Random random = new Random(6);
        int[] all = IntStream.range(0x300, 0x20000).filter(c -> Character.getType(c) == Character.NON_SPACING_MARK)
                .toArray();
        for (int round = 0; round < 1000; round++) {
            StringBuilder text = new StringBuilder();
            for (int part = 0; part < 3; part++) {
                text.appendCodePoint(LETTERS[random.nextInt(LETTERS.length)]);
                for (int i = random.nextInt(200); i > 0; i--) {
                    text.appendCodePoint(random.nextInt(3) > 0
                            ? MARKS[random.nextInt(MARKS.length)]
                            : all[random.nextInt(all.length)]);
                }
            }
            assertEquals(Normalizer.normalize(text, Normalizer.Form.NFC), Nfc.normalize(text.toString()));
        }
    }

    @Test
    void shouldTellTextsThatNormalizingLeavesAlone() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                continue;
            }
            String text = Character.toString(c);
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            assertEquals(!Nfc.isUnaffected(c), Nfc.mayChange(bytes, 0, bytes.length), text);
            if (Nfc.isUnaffected(c)) {
                assertEquals(text, Normalizer.normalize(text, Normalizer.Form.NFC));
                assertFalse(Character.getType(c) == Character.NON_SPACING_MARK, "a mark: " + c);
            }
            // Nothing that is composed of several may have an unaffected one behind its first.
            String decomposed = Normalizer.normalize(text, Normalizer.Form.NFD);
            boolean composes = Normalizer.normalize(decomposed, Normalizer.Form.NFC).equals(text);
            if (composes && !decomposed.equals(text)) {
                int first = Character.charCount(decomposed.codePointAt(0));
                assertTrue(decomposed.substring(first).codePoints().noneMatch(Nfc::isUnaffected), text);
            }
        }
        byte[] text = "aé字e\u0301".getBytes(StandardCharsets.UTF_8);
        assertTrue(Nfc.mayChange(text, 0, text.length));
        assertFalse(Nfc.mayChange(text, 0, text.length - 2));
        assertFalse(Nfc.mayChange(text, 1, text.length - 2));
    }

    @Test
    void shouldReturnSameStringIfNothingChanges() {
        String text = "é, 日本, 한";
        assertSame(text, Nfc.normalize(text));
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldNotStallOnMarksInAlternatingOrder() {
        // Minutes, if left to the JDK.
        String text = "a" + "\u0301\u0316".repeat(200_000);
        assertEquals("á".length() + 399_999, Nfc.normalize(text).length());
    }
}
