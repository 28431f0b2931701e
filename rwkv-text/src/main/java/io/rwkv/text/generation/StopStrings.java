package io.rwkv.text.generation;

import java.util.List;

/** Lets text through until a stop string appears, and holds back what may be the beginning of one. For one thread. */
final class StopStrings {
    private final List<String> stops;
    private final int longest;
    private final StringBuilder held = new StringBuilder();
    private boolean found;

    StopStrings(List<String> stops) {
        this.stops = stops;
        this.longest = stops.stream().mapToInt(String::length).max().orElse(0);
    }

    /** Takes the next text and gives what is certain not to be part of a stop string. */
    String accept(String text) {
        held.append(text);
        int first = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
            }
        }
        if (first >= 0) {
            found = true;
            held.setLength(first);
            return finish();
        }
        int certain = stops.isEmpty() ? held.length() : Math.max(0, held.length() - (longest - 1));
        while (certain < held.length() && !mayBegin(certain)) {
            certain++;
        }
        String out = held.substring(0, certain);
        held.delete(0, certain);
        return out;
    }

    private boolean mayBegin(int from) {
        String rest = held.substring(from);
        return stops.stream().anyMatch(stop -> stop.startsWith(rest));
    }

    /** Gives what was held back, at the end of the text. */
    String finish() {
        String rest = held.toString();
        held.setLength(0);
        return rest;
    }

    /** Whether a stop string has appeared; no more text may follow. */
    boolean found() {
        return found;
    }
}
