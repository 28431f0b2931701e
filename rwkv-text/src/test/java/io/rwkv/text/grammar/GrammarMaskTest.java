package io.rwkv.text.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.internal.masks.RandomVocabulary;
import io.rwkv.text.sampling.Constraint;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Random grammars, vocabularies and texts, against {@link PlainGrammar}. */
class GrammarMaskTest {
    @Test
    void matchesWhatThePlainGrammarMatches() {
        Random random = new Random(11);
        int matched = 0;
        int total = 0;
        for (int round = 0; round < 300; round++) {
            PlainGrammar plain = PlainGrammar.of(random);
            String gbnf = plain.gbnf();
            Grammar grammar = Grammar.gbnf(gbnf);
            for (int i = 0; i < 20; i++) {
                String text = plain.sample();
                if (text.length() > 40) {
                    continue;
                }
                assertTrue(grammar.matches(text), () -> gbnf + "\nmatches " + text);
                String other = changed(text, plain.sample(), random);
                boolean expected = plain.matches(other.getBytes(StandardCharsets.UTF_8));
                assertEquals(expected, grammar.matches(other), () -> gbnf + "\nmatches " + other);
                matched += expected ? 1 : 0;
                total++;
            }
        }
        assertTrue(matched > total / 20 && matched < total * 9 / 10, matched + " of " + total);
    }

    private static String changed(String text, String other, Random random) {
        int[] characters = text.codePoints().toArray();
        int at = random.nextInt(characters.length + 1);
        StringBuilder out = new StringBuilder(new String(characters, 0, at));
        int[] others = other.codePoints().limit(8).toArray();
        switch (random.nextInt(3)) {
            case 0 -> out.append(new String(others, 0, others.length))
                    .append(new String(characters, at, characters.length - at));
            case 1 -> out.append(new String(characters, Math.min(at + 1, characters.length),
                    Math.max(0, characters.length - at - 1)));
            default -> out.append(at % 2 == 0 ? "a" : "é").append(new String(characters, at, characters.length - at));
        }
        return out.toString();
    }

    /** In texts of tokens that were allowed: which tokens are allowed next, whether the text may end, whether it may go on. */
    @Test
    void allowsExactlyTheTokensWithWhichTheTextCanBeCompleted() {
        Random random = new Random(12);
        int allowedInAll = 0;
        int halfCharacters = 0;
        int ended = 0;
        for (int round = 0; round < 100; round++) {
            PlainGrammar plain = PlainGrammar.of(random);
            String gbnf = plain.gbnf();
            String samples = plain.sample() + plain.sample() + plain.sample() + "ab";
            byte[] text = samples.substring(0, Math.min(300, samples.length())).getBytes(StandardCharsets.UTF_8);
            RandomVocabulary vocabulary = RandomVocabulary.of(random, text, 60, true);
            // So little memory that all is forgotten again and again.
            Constraint constraint = Grammar.gbnf(gbnf, round % 3 == 0 ? 3000 : GrammarMasks.MOST_BYTES)
                    .newConstraint(vocabulary);
            byte[] prefix = {};
            for (int step = 0; step < 10 && prefix.length < 30; step++) {
                Map<String, Boolean> known = new HashMap<>();
                byte[] before = prefix;
                float[] logits = new float[vocabulary.vocabularySize() + 3];
                constraint.restrict(logits);
                List<Integer> allowed = new ArrayList<>();
                for (int id = 0; id < logits.length; id++) {
                    byte[] token = vocabulary.text(id);
                    if (token != null && token.length == 1 && random.nextInt(4) > 0) {
                        if (logits[id] == 0) {
                            allowed.add(id);
                        }
                        continue; // there are many, and each costs time
                    }
                    boolean expected = token != null && known.computeIfAbsent(Arrays.toString(token),
                            key -> plain.viable(join(before, token)));
                    assertEquals(expected ? 0 : Float.NEGATIVE_INFINITY, logits[id],
                            () -> gbnf + "\nafter " + Arrays.toString(before) + " " + Arrays.toString(token));
                    if (expected) {
                        allowed.add(id);
                    }
                }
                assertEquals(plain.matches(prefix), constraint.mayEnd(), gbnf);
                assertEquals(!allowed.isEmpty(), constraint.mayContinue(), gbnf); // all bytes are tokens
                assertTrue(constraint.mayEnd() || constraint.mayContinue(), gbnf);
                allowedInAll += allowed.size();
                if (allowed.isEmpty()) {
                    ended++;
                    break;
                }
                // Long ones too, of which there are fewer.
                int id = allowed.get(random.nextInt(allowed.size()));
                for (int i = 0; i < 3; i++) {
                    int other = allowed.get(random.nextInt(allowed.size()));
                    id = vocabulary.text(other).length > vocabulary.text(id).length ? other : id;
                }
                constraint.accept(id);
                prefix = join(prefix, vocabulary.text(id));
                halfCharacters += new String(prefix, StandardCharsets.UTF_8).endsWith("\uFFFD")
                        && prefix[prefix.length - 1] != (byte) 0xBD ? 1 : 0;
            }
        }
        assertTrue(allowedInAll > 10_000 && halfCharacters > 50 && ended > 20,
                allowedInAll + " tokens, " + halfCharacters + " half characters, " + ended + " ends");
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] joined = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, joined, a.length, b.length);
        return joined;
    }
}
