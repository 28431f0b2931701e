package io.rwkv.tokenizer;

import java.util.Arrays;

/**
 * The merges by the pair of ids they join: a hash table in one array, without objects, since encoding looks up two pairs
 * for every merge and spends most of its time here. Pair and rank share one long, so that a look-up touches one cache
 * line. Immutable once built.
 */
final class PairTable {
    /** The rank of a pair that does not merge; higher than any other. */
    static final int NONE = Integer.MAX_VALUE;

    /** Two ids of {@link TokenTable#ID_BITS} bits leave this many to the rank. */
    private static final int RANK_BITS = 64 - 2 * TokenTable.ID_BITS;
    static final int MAX_MERGES = 1 << RANK_BITS;
    /** No entry, since no id has all bits set. */
    private static final long EMPTY = -1;

    /** [slot]: left id, right id, rank, from the top bits down. */
    private final long[] entries;
    /** [rank]: the id of the token that the merge gives. */
    private final int[] merged;
    private final int shift;

    /**
     * @param left [rank], at most {@link #MAX_MERGES} of them
     * @param right [rank]
     * @param merged [rank]
     */
    PairTable(int[] left, int[] right, int[] merged) {
        assert left.length <= MAX_MERGES;
        int bits = 33 - Integer.numberOfLeadingZeros(Math.max(left.length, 1)); // at most half full
        entries = new long[1 << bits];
        shift = 64 - bits;
        this.merged = merged.clone();
        Arrays.fill(entries, EMPTY);
        for (int rank = 0; rank < left.length; rank++) {
            long pair = pair(left[rank], right[rank]);
            entries[slot(pair)] = pair << RANK_BITS | rank; // of a merge listed twice the last counts
        }
    }

    /** The rank of the merge that joins the two, lower first; {@link #NONE} if there is none. */
    int rank(int left, int right) {
        long entry = entries[slot(pair(left, right))];
        return entry == EMPTY ? NONE : (int) entry & MAX_MERGES - 1;
    }

    int merged(int rank) {
        return merged[rank];
    }

    /** The slot that holds the pair, or the empty one where it would go. */
    private int slot(long pair) {
        int slot = (int) (pair * 0x9E3779B97F4A7C15L >>> shift);
        while (entries[slot] >>> RANK_BITS != pair && entries[slot] != EMPTY) {
            slot = slot + 1 & entries.length - 1;
        }
        return slot;
    }

    private static long pair(int left, int right) {
        return (long) left << TokenTable.ID_BITS | right;
    }
}
