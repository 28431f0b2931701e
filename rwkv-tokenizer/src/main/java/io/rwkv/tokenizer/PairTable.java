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
    private static final long MIX = 0x9E3779B97F4A7C15L;
    /** Eight bits for each slot, of which one in sixteen or fewer is set, take an eighth of the entries' room. */
    private static final int MAYBE_BITS = 3;
    /** No entry, since no id has all bits set. */
    private static final long EMPTY = -1;

    /** [slot]: left id, right id, rank, from the top bits down. */
    private final long[] entries;
    /** [rank]: the id of the token that the merge gives. */
    private final int[] merged;
    private final int shift;
    /** [unsigned byte]: the token that stands for it alone. */
    private final int[] idOfByte;
    /** [left byte, right byte]: the rank of their merge. Every piece begins with these, so they need no hashing. */
    private final int[] rankOfBytes = new int[1 << 16];
    /** A bit for each value of the hash's upper bits, set if a pair has it: most look-ups find nothing, and end here. */
    private final long[] maybe;

    /**
     * @param left [rank], at most {@link #MAX_MERGES} of them
     * @param right [rank]
     * @param merged [rank]
     * @param idOfByte [unsigned byte]: the token that stands for it alone, -1 for none
     */
    PairTable(int[] left, int[] right, int[] merged, int[] idOfByte) {
        assert left.length <= MAX_MERGES;
        int bits = 33 - Integer.numberOfLeadingZeros(Math.max(left.length, 4)); // at most half full
        entries = new long[1 << bits];
        shift = 64 - bits;
        maybe = new long[1 << bits + MAYBE_BITS - 6];
        this.merged = merged.clone();
        Arrays.fill(entries, EMPTY);
        for (int rank = 0; rank < left.length; rank++) {
            long pair = pair(left[rank], right[rank]);
            entries[slot(pair * MIX, pair)] = pair << RANK_BITS | rank; // of a merge listed twice the last counts
            long bit = pair * MIX >>> shift - MAYBE_BITS;
            maybe[(int) (bit >>> 6)] |= 1L << bit;
        }
        this.idOfByte = idOfByte.clone();
        for (int i = 0; i < rankOfBytes.length; i++) {
            rankOfBytes[i] = idOfByte[i >> 8] < 0 || idOfByte[i & 0xFF] < 0
                    ? NONE
                    : rank(idOfByte[i >> 8], idOfByte[i & 0xFF]);
        }
    }

    /** The rank of the merge that joins the two, lower first; {@link #NONE} if there is none. */
    int rank(int left, int right) {
        long pair = pair(left, right);
        long hash = pair * MIX;
        long bit = hash >>> shift - MAYBE_BITS;
        if ((maybe[(int) (bit >>> 6)] >>> bit & 1) == 0) {
            return NONE;
        }
        long entry = entries[slot(hash, pair)];
        return entry == EMPTY ? NONE : (int) entry & MAX_MERGES - 1;
    }

    int idOfByte(byte b) {
        return idOfByte[b & 0xFF];
    }

    int rankOfBytes(byte left, byte right) {
        return rankOfBytes[(left & 0xFF) << 8 | right & 0xFF];
    }

    int merged(int rank) {
        return merged[rank];
    }

    /** The slot that holds the pair, or the empty one where it would go. */
    private int slot(long hash, long pair) {
        int slot = (int) (hash >>> shift);
        while (entries[slot] >>> RANK_BITS != pair && entries[slot] != EMPTY) {
            slot = slot + 1 & entries.length - 1;
        }
        return slot;
    }

    private static long pair(int left, int right) {
        return (long) left << TokenTable.ID_BITS | right;
    }
}
