package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class PatternTest {
    private static Automaton automaton(String pattern, Pattern.Reading reading) throws Pattern.Refused {
        Regexes regexes = new Regexes();
        return Automaton.of(regexes, Pattern.read(regexes, pattern, reading));
    }

    private static String random(Random random, String alphabet, int length) {
        StringBuilder text = new StringBuilder();
        int[] characters = alphabet.codePoints().toArray();
        for (int i = random.nextInt(length + 1); i > 0; i--) {
            text.appendCodePoint(characters[random.nextInt(characters.length)]);
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "^a", "a$", "^a$", "^a|b$", "^(a|b)*abb$", "a{2}", "^a{2,}$", "^a{1,3}b?$", "[^a]",
            "^[a-c]+$", "^[^b-z]*$", "^\\w\\d\\s$", "^\\W\\D\\S$", "a.c", "^.*$", "^(?:ab|a)(c|bcd)$", "^(a?b?)*?c+?$",
            "^[-a]$", "^[a-]$", "^[\\]\\[\\\\^-]+$", "^[.]$", "^\\.\\*\\/\\-$", "^((a|b)(a|b)){2}$", "^\\x61\\u0062$",
            "^\\ud83c\\udfbb?$", "^🎻+$", "^a{0}$", "^(|a)b$", "|a", "^\\t\\n?$", "^[\\d\\s_]*$", "^[^\\s\\w]+$"})
    void shouldFindWhatJavaFinds(String pattern) throws Pattern.Refused {
        Automaton narrow = automaton(pattern, Pattern.Reading.NARROW);
        Automaton wide = automaton(pattern, Pattern.Reading.WIDE);
        java.util.regex.Pattern ofJava = java.util.regex.Pattern.compile(pattern);
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            String text = random(random, i % 2 == 0 ? "abc" : "abcd1_.-*/^]\\[ \n\t\u00a0\u0085é🎻", 6);
            boolean found = ofJava.matcher(text).find();
            // Java's $ is also before a line's end, which no other validator takes.
            boolean isSame = !text.matches("(?s).*[\n\u0085]") && !text.contains("\u00a0");
            assertTrue(!narrow.matches(text) || found, () -> "written, but Java finds nothing in " + text);
            assertTrue(!found || wide.matches(text), () -> "not told, but Java finds it in " + text);
            if (isSame) {
                assertEquals(found, narrow.matches(text), text);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"(?=a)", "(?!a)", "(?<=a)", "(?<n>a)", "(?i)a", "(a)\\1", "\\bfoo", "\\B", "\\p{L}", "\\cA",
            "\\0", "\\v", "\\k", "a**", "a*+", "+a", "*", "a{2}{3}", "a{3,2}", "a{,2}", "a{", "a}", "a{x}", "(a", "a)",
            "[a", "[]", "[^]", "[z-a]", "[a-\\d]", "[[a]]", "[a&&b]", "a]", "^^a", "a$b", "(^a)", "(a$)", "a\\",
            "\\ud83c",
            "[a-c-e]", "\\x4", "\\u12", "\\u{110000}", "\\é", "a{1001}"})
    void shouldRefuseTheRest(String pattern) {
        assertThrows(Pattern.Refused.class, () -> automaton(pattern, Pattern.Reading.NARROW));
    }

    @Test
    void shouldSayWhere() {
        assertEquals("the escape \\b is not supported (character 3 of the pattern)",
                assertThrows(Pattern.Refused.class, () -> automaton("a\\b", Pattern.Reading.NARROW)).getMessage());
    }

    @Test
    void shouldReadBlanksAndLineEndsSoThatAllValidatorsAgree() throws Pattern.Refused {
        assertFalse(automaton("^\\s$", Pattern.Reading.NARROW).matches("\u00a0"));
        assertTrue(automaton("^\\s$", Pattern.Reading.WIDE).matches("\u00a0"));
        assertFalse(automaton("^\\S$", Pattern.Reading.NARROW).matches("\u00a0"));
        assertTrue(automaton("^[^\\s]$", Pattern.Reading.WIDE).matches("\u00a0"));
        assertFalse(automaton("^[^\\s]$", Pattern.Reading.NARROW).matches("\u00a0"));
        assertTrue(automaton("^[^\\S]$", Pattern.Reading.WIDE).matches("\u00a0"));
        assertFalse(automaton("^.$", Pattern.Reading.NARROW).matches("\u0085"));
        assertTrue(automaton("^.$", Pattern.Reading.WIDE).matches("\u0085"));
        assertFalse(automaton("^a$", Pattern.Reading.NARROW).matches("a\n"));
        assertTrue(automaton("^a$", Pattern.Reading.WIDE).matches("a\n"));
    }

    @Test
    void shouldIntersectAndComplement() throws Pattern.Refused {
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            Regexes regexes = new Regexes();
            List<String> patterns = new ArrayList<>();
            List<Regex> parts = new ArrayList<>();
            for (int k = 0; k < 2; k++) {
                String pattern = pattern(random, 3);
                patterns.add(pattern);
                parts.add(Pattern.read(regexes, pattern, Pattern.Reading.NARROW));
            }
            Automaton both = Automaton.of(regexes, regexes.and(parts));
            Automaton first = Automaton.of(regexes, regexes.and(List.of(parts.get(0), regexes.not(parts.get(1)))));
            for (int k = 0; k < 100; k++) {
                String text = random(random, "ab", 8);
                boolean one = java.util.regex.Pattern.compile(patterns.get(0)).matcher(text).find();
                boolean two = java.util.regex.Pattern.compile(patterns.get(1)).matcher(text).find();
                assertEquals(one && two, both.matches(text), () -> patterns + " in " + text);
                assertEquals(one && !two, first.matches(text), () -> patterns + " in " + text);
            }
        }
    }

    private static String pattern(Random random, int depth) {
        return switch (random.nextInt(depth == 0 ? 3 : 8)) {
            case 0 -> "a";
            case 1 -> "b";
            case 2 -> "[ab]";
            case 3 -> "(?:" + pattern(random, depth - 1) + ")*";
            case 4 -> "(?:" + pattern(random, depth - 1) + "|" + pattern(random, depth - 1) + ")";
            case 5 -> "(?:" + pattern(random, depth - 1) + "){" + random.nextInt(3) + ",3}";
            default -> pattern(random, depth - 1) + pattern(random, depth - 1);
        };
    }

    @Test
    void shouldGiveUpOnPatternsThatAreTooLarge() {
        for (String pattern : List.of("a.{1000}b.{1000}c", "(a|b)*a(a|b){30}", "((a{100}){100}){100}",
                "((((a?b?)*c?)*d?)*e{1000}){1000}", "(a|ab|abc|b|bc|c){500}x[ab]{400}")) {
            assertThrows(TooLargeException.class, () -> automaton(pattern, Pattern.Reading.NARROW), pattern);
        }
    }
}
