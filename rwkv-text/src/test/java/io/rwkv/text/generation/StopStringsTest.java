package io.rwkv.text.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
            int first = strings.stream().mapToInt(text::indexOf).filter(i -> i >= 0).min().orElse(-1);
            // A stop string that ends sooner may begin later: what was out before it ended stays out.
            if (first < 0) {
                out.append(stops.finish());
                assertEquals(text, out.toString());
            } else {
                assertTrue(stops.found());
                assertTrue(text.startsWith(out.toString()), text);
                assertEquals(-1, strings.stream().mapToInt(out.toString()::indexOf).max().getAsInt(), text);
            }
        }
    }
}
