package io.rwkv.text.generation;

import java.util.Collection;
import java.util.List;

/**
 * Passes text on until a stop string appears in it. Text that may be the beginning of a stop string is held back. The stop string
 * that is complete first ends the text; if several are complete at the same character, it is the longest. How the text is split
 * into pieces makes no difference.
 *
 * <p>For one text and one thread.
 *
 * <pre>{@code
 * StopStrings stops = new StopStrings(List.of("\n\nUser:"));
 * while (!stops.found() && pieces.hasNext()) {
 *     print(stops.accept(pieces.next()));
 * }
 * print(stops.finish());
 * }</pre>
 */
public final class StopStrings {
    private final List<String> stops;
    private final int longest;
    private final StringBuilder held = new StringBuilder();
    private boolean found;

    /**
     * Begins a text.
     *
     * @param stops the stop strings, none or more; copied
     * @throws IllegalArgumentException if one of them is empty
     */
    public StopStrings(Collection<String> stops) {
        check(stops);
        this.stops = List.copyOf(stops);
        this.longest = stops.stream().mapToInt(String::length).max().orElse(0);
    }

    static void check(Collection<String> stops) {
        if (stops.contains("")) {
            throw new IllegalArgumentException(
                    "stopStrings: expected no empty string, found one among " + stops.size());
        }
    }

    /**
     * Takes the next piece of text.
     *
     * @return the text that is now certain not to be part of a stop string: often the piece itself, empty while a stop string may
     * be coming
     * @throws IllegalStateException if a stop string has already appeared
     */
    public String accept(String text) {
        if (found) {
            throw new IllegalStateException("a stop string has ended the text");
        }
        if (stops.isEmpty()) {
            return text;
        }
        held.append(text);
        int begin = -1;
        int end = Integer.MAX_VALUE;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (at + stop.length() < end || at + stop.length() == end && at < begin)) {
                begin = at;
                end = at + stop.length();
            }
        }
        if (begin >= 0) {
            found = true;
            held.setLength(begin);
            return finish();
        }
        int certain = Math.max(0, held.length() - (longest - 1));
        while (certain < held.length() && !mayBegin(certain)) {
            certain++;
        }
        String out = held.substring(0, certain);
        held.delete(0, certain);
        return out;
    }

    private boolean mayBegin(int from) {
        for (String stop : stops) {
            int i = 0;
            while (from + i < held.length() && i < stop.length() && held.charAt(from + i) == stop.charAt(i)) {
                i++;
            }
            if (from + i == held.length()) {
                return true;
            }
        }
        return false;
    }

    /** Ends the text. Returns the text that was held back; an empty string if a stop string has appeared. */
    public String finish() {
        String rest = held.toString();
        held.setLength(0);
        return rest;
    }

    /** Whether a stop string has appeared. If so, {@link #accept} takes no more text. */
    public boolean found() {
        return found;
    }
}
