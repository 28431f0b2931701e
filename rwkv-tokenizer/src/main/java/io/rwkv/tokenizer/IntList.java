package io.rwkv.tokenizer;

import java.util.Arrays;

/** A growing array of ints. */
final class IntList {
    /** Some JVMs refuse the last few. */
    private static final int LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private int[] values;
    private int size;

    IntList(int capacity) {
        values = new int[Math.max(capacity, 16)];
    }

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, (int) Math.min(size + (long) (size >> 1), LONGEST_ARRAY));
        }
        values[size++] = value;
    }

    int size() {
        return size;
    }

    int get(int index) {
        return values[index];
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
