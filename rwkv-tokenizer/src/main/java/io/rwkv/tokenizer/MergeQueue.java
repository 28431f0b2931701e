package io.rwkv.tokenizer;

import java.util.Arrays;

/**
 * A binary heap of merges that may be made: lowest rank first, leftmost first among equals. A merge is one long, its rank
 * in the upper half and its position in the lower, so that the order of the longs is the order of the merges.
 */
final class MergeQueue {
    private long[] merges;
    private int size;

    MergeQueue(int capacity) {
        merges = new long[Math.max(capacity, 16)];
    }

    static int rank(long merge) {
        return (int) (merge >>> 32);
    }

    static int position(long merge) {
        return (int) merge;
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(int rank, int position) {
        if (size == merges.length) {
            merges = Arrays.copyOf(merges, size + (size >> 1));
        }
        long merge = (long) rank << 32 | position;
        int at = size++;
        while (at > 0 && merges[at - 1 >> 1] > merge) {
            merges[at] = merges[at - 1 >> 1];
            at = at - 1 >> 1;
        }
        merges[at] = merge;
    }

    /** Removes the first. */
    long poll() {
        long first = merges[0];
        long last = merges[--size];
        int at = 0;
        for (int child = 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && merges[child + 1] < merges[child]) {
                child++;
            }
            if (last <= merges[child]) {
                break;
            }
            merges[at] = merges[child];
            at = child;
        }
        merges[at] = last;
        return first;
    }
}
