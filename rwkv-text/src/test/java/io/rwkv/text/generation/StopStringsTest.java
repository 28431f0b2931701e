package io.rwkv.text.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Random;

class StopStringsTest {
    @Test
    void shouldEndBeforeTheStopString() {
        StopStrings stops = new StopStrings(List.of("User:", "\n\n"));
        assertEquals("Hello. ", stops.accept("Hello. "));
        assertEquals("", stops.accept("Us"));
        assertEquals("Used ", stops.accept("ed "));
        assertEquals("and\n", stops.accept("and\nUse"));
        assertFalse(stops.found());
        assertEquals("", stops.accept("r: hi"));
        assertTrue(stops.found());
    }

    @Test
    void withoutStopStringsAllShouldPass() {
        StopStrings stops = new StopStrings(List.of());
        assertEquals("anything", stops.accept("anything"));
        assertEquals("", stops.finish());
    }

    @Test
    void shouldAgreeWithASearchInTheWholeText() {
        Random random = new Random(11);
        List<String> strings = List.of("abab", "ba", "ccc");
        for (int round = 0; round < 2000; round++) {
            StringBuilder whole = new StringBuilder();
            StringBuilder out = new StringBuilder();
            StopStrings stops = new StopStrings(strings);
            while (whole.length() < 20 && !stops.found()) {
                StringBuilder piece = new StringBuilder();
                for (int i = random.nextInt(4); i > 0; i--) {
                    piece.append((char) ('a' + random.nextInt(3)));
                }
                whole.append(piece);
                out.append(stops.accept(piece.toString()));
            }
            String text = whole.toString();
            int begin = -1;
            int end = Integer.MAX_VALUE;
            for (String stop : strings) {
                int at = text.indexOf(stop);
                if (at >= 0 && (at + stop.length() < end || at + stop.length() == end && at < begin)) {
                    begin = at;
                    end = at + stop.length();
                }
            }
            assertEquals(begin >= 0, stops.found(), text);
            out.append(stops.finish());
            assertEquals(begin < 0 ? text : text.substring(0, begin), out.toString(), text);
        }
    }

    @Test
    void thePiecesShouldMakeNoDifference() {
        // "ba" is complete before "abab" is, and so ends the text, also where both come at once.
        assertEquals("xa", new StopStrings(List.of("abab", "ba")).accept("xabab"));
        StopStrings stops = new StopStrings(List.of("abab", "ba"));
        assertEquals("xa", stops.accept("xa") + stops.accept("b") + stops.accept("a"));
        assertEquals("x", new StopStrings(List.of("b", "ab")).accept("xab"), "the longest of those that end together");
    }

    @Test
    void noTextShouldFollowAStopString() {
        StopStrings stops = new StopStrings(List.of("."));
        stops.accept("a.b");
        assertEquals("", stops.finish());
        assertThrows(IllegalStateException.class, () -> stops.accept("c"));
        assertThrows(IllegalArgumentException.class, () -> new StopStrings(List.of("a", "")));
    }
}
