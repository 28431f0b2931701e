package io.rwkv.tokenizer;

/**
 * Merges the bytes of one piece of text into tokens: of all neighbouring pairs that merge, the one with the lowest rank
 * first, the leftmost among equals, until none is left.
 *
 * <p>
 * Short pieces, nearly all of a text, are searched for the lowest rank anew after each merge, in arrays that stay in
 * the cache. That takes quadratic time, so pieces above {@link #LONGEST_SCAN} go through a queue over a linked list, in
 * n log n: a megabyte without a space is one piece.
 *
 * <p>
 * Holds scratch memory: for one thread at a time.
 */
final class PairMerger {
    /** About where the two ways take the same time. */
    static final int LONGEST_SCAN = 48;

    private final PairTable pairs;
    private final int longestScan;

    private final int[] ids;
    /** [position]: of the pair that begins there. */
    private final int[] ranks;

    PairMerger(PairTable pairs) {
        this(pairs, LONGEST_SCAN);
    }

    PairMerger(PairTable pairs, int longestScan) {
        this.pairs = pairs;
        this.longestScan = longestScan;
        ids = new int[longestScan];
        ranks = new int[longestScan];
    }

    /** Adds the ids of the bytes from {@code from} to before {@code to} to {@code tokens}. */
    void merge(byte[] text, int from, int to, IntList tokens) {
        if (to - from == 1) {
            tokens.add(pairs.idOfByte(text[from]));
        } else if (to - from <= longestScan) {
            mergeByScan(text, from, to, tokens);
        } else {
            mergeByQueue(text, from, to, tokens);
        }
    }

    /** Whether the bytes, those of a token, end as that one token. */
    boolean makes(byte[] bytes, int token) {
        IntList tokens = new IntList(bytes.length);
        merge(bytes, 0, bytes.length, tokens);
        return tokens.size() == 1 && tokens.get(0) == token;
    }

    private void mergeByScan(byte[] text, int from, int to, IntList tokens) {
        int count = to - from;
        int[] ids = this.ids;
        int[] ranks = this.ranks;
        for (int i = 0; i < count; i++) {
            ids[i] = pairs.idOfByte(text[from + i]);
        }
        for (int i = 0; i < count - 1; i++) {
            ranks[i] = pairs.rankOfBytes(text[from + i], text[from + i + 1]);
        }
        while (count > 1) {
            int best = 0;
            int rank = ranks[0];
            for (int i = 1; i < count - 1; i++) {
                if (ranks[i] < rank) {
                    rank = ranks[i];
                    best = i;
                }
            }
            if (rank == PairTable.NONE) {
                break;
            }
            ids[best] = pairs.merged(rank);
            count--;
            for (int i = best + 1; i < count; i++) {
                ids[i] = ids[i + 1];
                ranks[i] = ranks[i + 1];
            }
            if (best > 0) {
                ranks[best - 1] = pairs.rank(ids[best - 1], ids[best]);
            }
            if (best + 1 < count) {
                ranks[best] = pairs.rank(ids[best], ids[best + 1]);
            }
        }
        for (int i = 0; i < count; i++) {
            tokens.add(ids[i]);
        }
    }

    private void mergeByQueue(byte[] text, int from, int to, IntList tokens) {
        int count = to - from;
        int[] id = new int[count];
        int[] rank = new int[count]; // of the pair that begins here
        int[] next = new int[count];
        int[] previous = new int[count];
        for (int i = 0; i < count; i++) {
            id[i] = pairs.idOfByte(text[from + i]);
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        MergeQueue queue = new MergeQueue(count);
        rank[count - 1] = PairTable.NONE;
        for (int i = 0; i < count - 1; i++) {
            rank[i] = pairs.rankOfBytes(text[from + i], text[from + i + 1]);
            if (rank[i] != PairTable.NONE) {
                queue.add(rank[i], i);
            }
        }
        while (!queue.isEmpty()) {
            long merge = queue.poll();
            int left = MergeQueue.position(merge);
            if (rank[left] != MergeQueue.rank(merge)) {
                continue; // one of the two has been merged since; a rank tells the pair exactly
            }
            int right = next[left];
            int after = next[right];
            id[left] = pairs.merged(rank[left]);
            rank[right] = PairTable.NONE;
            next[left] = after;
            rank[left] = PairTable.NONE;
            if (after < count) {
                previous[after] = left;
                rank[left] = pairs.rank(id[left], id[after]);
                if (rank[left] != PairTable.NONE) {
                    queue.add(rank[left], left);
                }
            }
            int before = previous[left];
            if (before >= 0) {
                rank[before] = pairs.rank(id[before], id[left]);
                if (rank[before] != PairTable.NONE) {
                    queue.add(rank[before], before);
                }
            }
        }
        for (int i = 0; i < count; i = next[i]) {
            tokens.add(id[i]);
        }
    }
}
