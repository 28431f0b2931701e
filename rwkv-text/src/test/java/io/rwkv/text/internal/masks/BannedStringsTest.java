package io.rwkv.text.internal.masks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.TinyModel;
import io.rwkv.text.sampling.Constraint;
import io.rwkv.tokenizer.Tokenizer;
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class BannedStringsTest {
    private static final byte[] TEXT = "ababaab é 漢字".getBytes(StandardCharsets.UTF_8);

    /** Compares each mask with what a search in the whole text says, in texts of tokens that were allowed. */
    @Test
    void forbidsExactlyTheTokensThatCompleteAString() {
        Random random = new Random(4);
        int forbidden = 0;
        for (int round = 0; round < 60; round++) {
            RandomVocabulary vocabulary = RandomVocabulary.of(random, TEXT, 100, true);
            List<String> strings = new ArrayList<>();
            for (int i = random.nextInt(5); i >= 0; i--) {
                StringBuilder string = new StringBuilder();
                for (int k = random.nextInt(4); k >= 0; k--) {
                    string.append("ababaé漢字".charAt(random.nextInt(8)));
                }
                strings.add(string.toString());
            }
            Constraint constraint = new BannedStrings(strings).newConstraint(vocabulary);
            String text = "";
            for (int step = 0; step < 30; step++) {
                float[] logits = new float[vocabulary.vocabularySize() + 5];
                constraint.restrict(logits);
                List<Integer> allowed = new ArrayList<>();
                for (int id = 0; id < logits.length; id++) {
                    boolean completes = contains(text, vocabulary.text(id), strings);
                    assertEquals(completes ? Float.NEGATIVE_INFINITY : 0, logits[id], strings + " after " + text);
                    forbidden += logits[id] == 0 ? 0 : 1;
                    if (logits[id] == 0) {
                        allowed.add(id);
                    }
                }
                int token = allowed.get(random.nextInt(allowed.size()));
                constraint.accept(token);
                text += vocabulary.standsForText(token) ? latin(vocabulary.text(token)) : "";
                assertTrue(constraint.mayEnd() && constraint.mayContinue());
            }
        }
        assertTrue(forbidden > 1000, "only " + forbidden);
    }

    private static boolean contains(String text, byte[] token, List<String> strings) {
        return token != null && strings.stream()
                .anyMatch(s -> (text + latin(token)).contains(latin(s.getBytes(StandardCharsets.UTF_8))));
    }

    /** One character for each byte. */
    private static String latin(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Test
    void nothingMayFollowWhereNoTokenIsLeft() {
        WorldTokenizer bytes = TinyModel.tokenizer();
        List<String> ascii = new ArrayList<>();
        for (char c = 0; c < 128; c++) {
            ascii.add(String.valueOf(c));
        }
        Constraint half = new BannedStrings(ascii).newConstraint(bytes);
        assertTrue(half.mayContinue());
        half.accept(1 + 0xC3);
        assertTrue(half.mayContinue());
        ascii.add("é");
        ascii.add("è");
        Constraint most = new BannedStrings(ascii).newConstraint(only(0xC3, 0xA9, 0xA8, 'a'));
        assertTrue(most.mayContinue());
        Constraint all = new BannedStrings(List.of("a", "b")).newConstraint(only('a', 'b'));
        assertFalse(all.mayContinue());
        assertTrue(all.mayEnd());
    }

    private static Tokenizer only(int... bytes) {
        List<byte[]> tokens = new ArrayList<>();
        for (int b : bytes) {
            tokens.add(new byte[]{(byte) b});
        }
        return RandomVocabulary.of(tokens);
    }

    @Test
    void refusesWhatIsNoString() {
        assertThrows(IllegalArgumentException.class, () -> new BannedStrings(List.of("a", "")));
        assertThrows(IllegalArgumentException.class, () -> new BannedStrings(List.of("\ud83d")));
        String all = new String(Character.toChars(0x10000)) + "\u0001".repeat(1);
        StringBuilder wide = new StringBuilder();
        for (char c = 1; c < 0x800; c++) {
            wide.append(c);
        }
        List<String> many = List.of(wide.toString().repeat(30) + all);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new BannedStrings(many)).getMessage()
                .contains("expected at most"));
    }
}
