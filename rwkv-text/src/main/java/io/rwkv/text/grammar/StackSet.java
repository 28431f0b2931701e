package io.rwkv.text.grammar;

import java.util.Arrays;

/**
 * A set of stacks of network states, as a tree from the tops down: each top once, with the set of all that lies below it. So ten
 * thousand ways through an ambiguous grammar that differ deep down take little more room than one. A {@link StateCache} makes equal
 * sets the same object. Immutable.
 */
final class StackSet {
    final int number; // of its cache
    final int[] tops; // ascending
    final StackSet[] below; // [top]
    final boolean bottom; // whether the empty stack is among them
    private final int hash;

    StackSet(int number, int[] tops, StackSet[] below, boolean bottom) {
        this.number = number;
        this.tops = tops;
        this.below = below;
        this.bottom = bottom;
        int h = 31 * Arrays.hashCode(tops) + (bottom ? 1 : 0);
        for (StackSet set : below) {
            h = 31 * h + set.number;
        }
        hash = h;
    }

    /** Whether they are the same, given that all below are already the same objects if they are equal. */
    @Override
    public boolean equals(Object other) {
        if (!(other instanceof StackSet set) || hash != set.hash || bottom != set.bottom
                || !Arrays.equals(tops, set.tops)) {
            return false;
        }
        for (int i = 0; i < below.length; i++) {
            if (below[i] != set.below[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** About how many bytes of memory it takes, without what is below. */
    long bytes() {
        return 120 + 8L * tops.length;
    }
}
