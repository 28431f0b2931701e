package io.rwkv.text.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A set of Unicode's characters: code points without surrogates, which UTF-8 cannot hold. Immutable. */
public final class CodePoints {
    public static final CodePoints NONE = new CodePoints(new int[0]);
    /** All of them. */
    public static final CodePoints ANY = new CodePoints(
            new int[]{0, Character.MIN_SURROGATE - 1, Character.MAX_SURROGATE + 1, Character.MAX_CODE_POINT});

    /** First and last of each range, ascending, neither touching nor overlapping. */
    private final int[] bounds;

    private CodePoints(int[] bounds) {
        this.bounds = bounds;
    }

    public static CodePoints of(int... members) {
        CodePoints all = NONE;
        for (int member : members) {
            all = all.or(range(member, member));
        }
        return all;
    }

    /** The characters of several ranges in any order, each its first and its last, included. */
    public static CodePoints ofRanges(List<int[]> ranges) {
        List<int[]> sorted = new ArrayList<>(ranges);
        sorted.sort((a, b) -> Integer.compare(a[0], b[0]));
        int[] merged = new int[2 * sorted.size()];
        int length = 0;
        for (int[] range : sorted) {
            if (length > 0 && range[0] <= merged[length - 1] + 1) {
                merged[length - 1] = Math.max(merged[length - 1], range[1]);
            } else {
                merged[length++] = range[0];
                merged[length++] = range[1];
            }
        }
        return new CodePoints(Arrays.copyOf(merged, length)).and(ANY);
    }

    /** Whether this is half of a surrogate pair, which is no character. */
    public static boolean isSurrogate(int codePoint) {
        return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    }

    /** @param last included */
    public static CodePoints range(int first, int last) {
        return new CodePoints(new int[]{first, last}).and(ANY);
    }

    public boolean isEmpty() {
        return bounds.length == 0;
    }

    public int ranges() {
        return bounds.length / 2;
    }

    public int first(int range) {
        return bounds[2 * range];
    }

    /** Included. */
    public int last(int range) {
        return bounds[2 * range + 1];
    }

    public boolean contains(int codePoint) {
        for (int i = 0; i < bounds.length; i += 2) {
            if (codePoint <= bounds[i + 1]) {
                return codePoint >= bounds[i];
            }
        }
        return false;
    }

    public CodePoints not() {
        return ANY.minus(this);
    }

    public CodePoints minus(CodePoints other) {
        return combine(other, 1);
    }

    public CodePoints and(CodePoints other) {
        return combine(other, 3);
    }

    public CodePoints or(CodePoints other) {
        if (isEmpty() || other.isEmpty()) {
            return isEmpty() ? other : this;
        }
        return combine(other, 0);
    }

    /** @param wanted where it is: 1 in this set only, 3 in both, 0 in any */
    private CodePoints combine(CodePoints other, int wanted) {
        int[] out = new int[2 * (bounds.length + other.bounds.length) + 2];
        int length = 0;
        int i = 0;
        int k = 0;
        boolean inside = false;
        while (i < bounds.length || k < other.bounds.length) {
            int here = Math.min(edge(bounds, i), edge(other.bounds, k));
            i += edge(bounds, i) == here ? 1 : 0;
            k += edge(other.bounds, k) == here ? 1 : 0;
            int where = (i & 1) + 2 * (k & 1);
            boolean now = wanted == 0 ? where != 0 : where == wanted;
            if (now != inside) {
                out[length++] = now ? here : here - 1;
                inside = now;
            }
        }
        return length == 0 ? NONE : new CodePoints(Arrays.copyOf(out, length));
    }

    /** Where the set changes: the first of a range, or what follows its last. */
    private static int edge(int[] bounds, int i) {
        if (i == bounds.length) {
            return Integer.MAX_VALUE;
        }
        return (i & 1) == 0 ? bounds[i] : bounds[i] + 1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CodePoints set && Arrays.equals(bounds, set.bounds);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bounds);
    }

    @Override
    public String toString() {
        return Arrays.toString(bounds);
    }
}
