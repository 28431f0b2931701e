package io.rwkv.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class Gpt2SplitterTest {
    private static final Pattern GPT2 = Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);
    private static final String[] PARTS = {" ", "  ", "   ", "\n", "\t", "\r\n", "\u00A0", "\u0085", "\u3000", "\u2028",
            "\u000B", "\u001C", "\u200B", "\uFEFF", "'", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'l", "'r", "'S",
            "'LL", "a", "Z", "word", "é", "ß", "Σ", "日本", "한", "\uD835\uDC00", "\uD840\uDC00", "0", "42", "Ⅷ", "½",
            "٣", "²", "\uD835\uDFCE", "!", "--", "…", "_", "\u0301", "😀", "\u200D", "\0", "\uFFFD"};

    @Test
    void shouldSplitBySpacesLettersNumbersAndTheRest() {
        assertEquals(List.of("Hello", " world", "!", " 42", "nd"), split("Hello world! 42nd"));
        assertEquals(List.of("a", "  ", " b", "\n", "c"), split("a   b\nc"));
        assertEquals(List.of("a", " \n ", "\n", "b", " \n"), split("a \n \nb \n"));
        assertEquals(List.of("it", "'s", " we", "'ll", " '", "s", " I", "'", "D"), split("it's we'll 's I'D"));
        assertEquals(List.of("\u00A0", "a", " \u00A0", " a"), split("\u00A0a \u00A0 a"));
    }

    @Test
    void shouldSplitAsTheExpressionDoes() {
        Random random = new Random(4);
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i >= 0; i--) {
                text.append(PARTS[random.nextInt(PARTS.length)]);
            }
            List<String> expected = new ArrayList<>();
            for (Matcher matcher = GPT2.matcher(text); matcher.find();) {
                expected.add(matcher.group());
            }
            assertEquals(expected, split(text.toString()));
        }
    }

    private static List<String> split(String text) {
        // Bytes around the text that must not be looked at.
        byte[] bytes = ("x" + text + "x").getBytes(StandardCharsets.UTF_8);
        List<String> pieces = new ArrayList<>();
        for (int start = 1; start < bytes.length - 1;) {
            int end = Gpt2Splitter.endOfPiece(bytes, start, bytes.length - 1);
            pieces.add(new String(bytes, start, end - start, StandardCharsets.UTF_8));
            start = end;
        }
        return pieces;
    }
}
