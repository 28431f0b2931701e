package io.rwkv.text.internal.schema;

import java.util.Arrays;

/** A set of Unicode's characters: code points without surrogates, which UTF-8 cannot hold. Immutable. */
final class CodePoints {
    static final CodePoints NONE = new CodePoints(new int[0]);
    /** All of them. */
    static final CodePoints ANY = new CodePoints(
            new int[]{0, Character.MIN_SURROGATE - 1, Character.MAX_SURROGATE + 1, Character.MAX_CODE_POINT});

    /** First and last of each range, ascending, neither touching nor overlapping. */
    private final int[] bounds;

    private CodePoints(int[] bounds) {
        this.bounds = bounds;
    }

    static CodePoints of(int... members) {
        CodePoints all = NONE;
        for (int member : members) {
            all = all.or(range(member, member));
        }
        return all;
    }

    /** @param last included */
    static CodePoints range(int first, int last) {
        return new CodePoints(new int[]{first, last}).and(ANY);
    }

    boolean isEmpty() {
        return bounds.length == 0;
    }

    int ranges() {
        return bounds.length / 2;
    }

    int first(int range) {
        return bounds[2 * range];
    }

    /** Included. */
    int last(int range) {
        return bounds[2 * range + 1];
    }

    boolean contains(int codePoint) {
        for (int i = 0; i < bounds.length; i += 2) {
            if (codePoint <= bounds[i + 1]) {
                return codePoint >= bounds[i];
            }
        }
        return false;
    }

    CodePoints not() {
        return ANY.minus(this);
    }

    CodePoints minus(CodePoints other) {
        return combine(other, 1);
    }

    CodePoints and(CodePoints other) {
        return combine(other, 3);
    }

    CodePoints or(CodePoints other) {
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
