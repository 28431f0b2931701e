package io.rwkv.text.internal.masks;

import java.util.Arrays;

/**
 * Tells whether a text, read byte by byte, has just completed one of several strings (Aho and Corasick's automaton, with every
 * step in one table). State 0 is that of an empty text. Immutable.
 */
final class StringAutomaton {
    /** Of the table, 16 million steps: 64 MiB. */
    private static final long MOST_STEPS = 1 << 24;

    private final int[] kinds = new int[256]; // [byte]: 0 if it is in no string, else a number of its own
    private final int kindCount;
    private final int[] steps; // [state × kindCount + kind]
    private final boolean[] complete; // [state]
    private final int states;

    /** Takes the strings, none of them empty. */
    StringAutomaton(byte[][] strings) {
        int kind = 0;
        long most = 1;
        for (byte[] string : strings) {
            most += string.length;
            for (byte b : string) {
                kinds[b & 0xFF] = kinds[b & 0xFF] == 0 ? ++kind : kinds[b & 0xFF];
            }
        }
        kindCount = kind + 1;
        if (most * kindCount > MOST_STEPS) {
            throw new IllegalArgumentException("bannedStrings: expected at most " + (MOST_STEPS / kindCount - 1)
                    + " bytes of " + kind + " different values, found " + (most - 1));
        }
        int[] steps = new int[(int) most * kindCount]; // as a tree at first: 0 where there is no child
        boolean[] complete = new boolean[(int) most];
        int states = 1;
        for (byte[] string : strings) {
            int state = 0;
            for (byte b : string) {
                int at = state * kindCount + kinds[b & 0xFF];
                steps[at] = steps[at] == 0 ? states++ : steps[at];
                state = steps[at];
            }
            complete[state] = true;
        }
        this.steps = Arrays.copyOf(steps, states * kindCount);
        this.complete = Arrays.copyOf(complete, states);
        this.states = states;
        link();
    }

    /** Fills in where each state goes on bytes that no string has there: where the longest suffix that begins a string goes. */
    private void link() {
        int[] suffix = new int[states];
        int[] queue = new int[states]; // in the order of their lengths
        int queued = 0;
        for (int kind = 0; kind < kindCount; kind++) {
            if (steps[kind] != 0) {
                queue[queued++] = steps[kind];
            }
        }
        for (int at = 0; at < queued; at++) {
            int state = queue[at];
            complete[state] |= complete[suffix[state]];
            for (int kind = 0; kind < kindCount; kind++) {
                int child = steps[state * kindCount + kind];
                int otherwise = steps[suffix[state] * kindCount + kind];
                if (child == 0) {
                    steps[state * kindCount + kind] = otherwise;
                } else {
                    suffix[child] = otherwise;
                    queue[queued++] = child;
                }
            }
        }
    }

    int states() {
        return states;
    }

    /** The state after one more byte, from 0 to 255. */
    int step(int state, int next) {
        return steps[state * kindCount + kinds[next]];
    }

    /** Whether a string ends here. */
    boolean complete(int state) {
        return complete[state];
    }
}
