package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class NumberRangeTest {
    private static NumberRange from(String min, String max) {
        return NumberRange.atLeast(new BigDecimal(min), false).and(NumberRange.atMost(new BigDecimal(max), false));
    }

    /** All texts of these characters, up to a length. */
    private static List<String> texts(String characters, int length) {
        List<String> all = new ArrayList<>(List.of(""));
        for (int from = 0, i = 0; i < length; i++) {
            int to = all.size();
            for (; from < to; from++) {
                for (char c : characters.toCharArray()) {
                    all.add(all.get(from) + c);
                }
            }
        }
        return all;
    }

    private static boolean isCanonical(String text) {
        return text.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?") && !text.matches("-[0.]+");
    }

    @Test
    void shouldWriteExactlyTheNumbersOfTheRange() {
        List<String> texts = texts("-.0159", 5);
        Random random = new Random(1);
        for (int i = 0; i < 60; i++) {
            NumberRange range = random(random);
            if (range.isEmpty()) {
                continue;
            }
            Automaton automaton = range.automaton();
            for (String text : texts) {
                boolean expected = isCanonical(text) && range.admits(new BigDecimal(text))
                        && new BigDecimal(text).scale() <= range.writtenDecimals();
                assertEquals(expected, automaton.matches(text), () -> range + " and " + text);
            }
        }
    }

    private static NumberRange random(Random random) {
        NumberRange range = random.nextBoolean() ? NumberRange.ALL : NumberRange.INTEGERS;
        if (random.nextInt(4) > 0) {
            range = range.and(NumberRange.atLeast(number(random), random.nextBoolean()));
        }
        if (random.nextInt(4) > 0) {
            range = range.and(NumberRange.atMost(number(random), random.nextBoolean()));
        }
        if (random.nextInt(3) == 0) {
            String[] units = {"1", "5", "0.5", "0.01", "10", "2.5", "15"};
            range = range.and(NumberRange.multiplesOf(new BigDecimal(units[random.nextInt(units.length)])));
        }
        return range;
    }

    private static BigDecimal number(Random random) {
        return BigDecimal.valueOf(random.nextInt(2000) - 1000, random.nextInt(4));
    }

    @Test
    void shouldBeExactForIntegersOfAnySize() {
        Automaton longs = NumberRange.INTEGERS.and(from("-9223372036854775808", "9223372036854775807")).automaton();
        assertTrue(longs.matches("9223372036854775807"));
        assertTrue(longs.matches("-9223372036854775808"));
        assertFalse(longs.matches("9223372036854775808"));
        assertFalse(longs.matches("-9223372036854775809"));
        assertFalse(longs.matches("1.0"));
        Automaton huge = NumberRange.INTEGERS.and(from("99999999999999999999", "100000000000000000000")).automaton();
        assertTrue(huge.matches("99999999999999999999"));
        assertTrue(huge.matches("100000000000000000000"));
        assertFalse(huge.matches("99999999999999999998"));
        assertFalse(huge.matches("100000000000000000001"));
    }

    @Test
    void shouldBoundTheDigits() {
        Automaton positive = NumberRange.atLeast(BigDecimal.ZERO, true).automaton();
        assertTrue(positive.matches("999999999999999.9999999999"));
        assertFalse(positive.matches("1000000000000000"));
        assertFalse(positive.matches("0.00000000001"));
        assertFalse(positive.matches("0"));
        assertFalse(positive.matches("0.000"));
        assertFalse(positive.matches("1e5"));
        // A double tells every number written from the bound.
        Automaton below = NumberRange.atMost(new BigDecimal("123456789.5"), true).automaton();
        assertTrue(below.matches("123456789.499999"));
        assertFalse(below.matches("123456789.4999999"));
        NumberRange toTheLargestDouble = NumberRange.atMost(BigDecimal.valueOf(Double.MAX_VALUE), false);
        assertTrue(toTheLargestDouble.automaton().matches("9".repeat(NumberRange.MOST_DIGITS)));
    }

    @Test
    void shouldSayWhenThereIsNoNumber() {
        assertTrue(from("2", "1").isEmpty());
        assertFalse(from("1", "1").isEmpty());
        assertTrue(NumberRange.INTEGERS.and(from("1.1", "1.9")).isEmpty());
        assertTrue(from("1", "1").and(NumberRange.atLeast(BigDecimal.ONE, true)).isEmpty());
        assertTrue(NumberRange.multiplesOf(new BigDecimal("7")).and(from("8", "13")).isEmpty());
        assertFalse(NumberRange.multiplesOf(new BigDecimal("7")).and(from("-8", "-7")).isEmpty());
        assertTrue(NumberRange.multiplesOf(new BigDecimal("7")).and(from("-7", "-1"))
                .and(NumberRange.atLeast(new BigDecimal("-7"), true)).isEmpty());
    }
}
