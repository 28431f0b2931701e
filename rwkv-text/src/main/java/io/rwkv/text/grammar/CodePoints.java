package io.rwkv.text.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A set of characters, by their code points. Surrogates are no characters. Immutable. */
final class CodePoints {
    static final CodePoints ALL = new Builder().complement().build();

    private static final int FIRST_SURROGATE = 0xD800;
    private static final int LAST_SURROGATE = 0xDFFF;

    private final int[] ranges; // first, last, first, last …: ascending, and neither touching nor overlapping

    private CodePoints(int[] ranges) {
        this.ranges = ranges;
    }

    boolean isEmpty() {
        return ranges.length == 0;
    }

    int count() {
        return ranges.length / 2;
    }

    int first(int range) {
        return ranges[2 * range];
    }

    int last(int range) {
        return ranges[2 * range + 1];
    }

    static boolean isSurrogate(int codePoint) {
        return codePoint >= FIRST_SURROGATE && codePoint <= LAST_SURROGATE;
    }

    /** Collects characters in any order. */
    static final class Builder {
        private final List<int[]> ranges = new ArrayList<>();
        private boolean complement;

        /** Adds the characters from one to another, both included. */
        Builder add(int first, int last) {
            ranges.add(new int[]{first, last});
            return this;
        }

        /** All other characters instead. */
        Builder complement() {
            complement = true;
            return this;
        }

        CodePoints build() {
            List<int[]> merged = merge(ranges);
            if (complement) {
                merged = others(merged);
            }
            return new CodePoints(withoutSurrogates(merged));
        }

        private static List<int[]> merge(List<int[]> ranges) {
            List<int[]> sorted = new ArrayList<>(ranges);
            sorted.sort((a, b) -> Integer.compare(a[0], b[0]));
            List<int[]> merged = new ArrayList<>();
            for (int[] range : sorted) {
                int[] last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
                if (last != null && range[0] <= last[1] + 1) {
                    last[1] = Math.max(last[1], range[1]);
                } else {
                    merged.add(range.clone());
                }
            }
            return merged;
        }

        private static List<int[]> others(List<int[]> ranges) {
            List<int[]> others = new ArrayList<>();
            int next = 0;
            for (int[] range : ranges) {
                if (range[0] > next) {
                    others.add(new int[]{next, range[0] - 1});
                }
                next = range[1] + 1;
            }
            if (next <= Character.MAX_CODE_POINT) {
                others.add(new int[]{next, Character.MAX_CODE_POINT});
            }
            return others;
        }

        private static int[] withoutSurrogates(List<int[]> ranges) {
            int[] all = new int[2 * ranges.size() + 2];
            int end = 0;
            for (int[] range : ranges) {
                if (range[0] < FIRST_SURROGATE) {
                    all[end++] = range[0];
                    all[end++] = Math.min(range[1], FIRST_SURROGATE - 1);
                }
                if (range[1] > LAST_SURROGATE) {
                    all[end++] = Math.max(range[0], LAST_SURROGATE + 1);
                    all[end++] = range[1];
                }
            }
            return Arrays.copyOf(all, end);
        }
    }
}
