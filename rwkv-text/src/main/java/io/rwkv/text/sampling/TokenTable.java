package io.rwkv.text.sampling;

import java.util.Arrays;

/** Numbers by token, for the tokens of one text, in the order in which they came. Grows by doubling. For one thread. */
final class TokenTable {
    private int size;
    private int[] tokens = new int[64];
    private double[] values = new double[64];
    private int[] slots = new int[256]; // a token's index + 1, or 0; at most half are taken

    int size() {
        return size;
    }

    int token(int index) {
        return tokens[index];
    }

    double value(int index) {
        return values[index];
    }

    void set(int index, double value) {
        values[index] = value;
    }

    /** The index of a token; −1 if it is not here. */
    int find(int token) {
        return slots[slot(token)] - 1;
    }

    /** The index of a token, which is added with the value 0 if it is not here. */
    int findOrAdd(int token) {
        int slot = slot(token);
        if (slots[slot] == 0) {
            if (size == tokens.length) {
                grow();
                slot = slot(token);
            }
            tokens[size] = token;
            values[size] = 0;
            slots[slot] = ++size;
        }
        return slots[slot] - 1;
    }

    private void grow() {
        tokens = Arrays.copyOf(tokens, 2 * size);
        values = Arrays.copyOf(values, 2 * size);
        slots = new int[2 * slots.length];
        for (int i = 0; i < size; i++) {
            slots[slot(tokens[i])] = i + 1;
        }
    }

    private int slot(int token) {
        int slot = token * 0x9E3779B9 >>> 7 & slots.length - 1;
        while (slots[slot] != 0 && tokens[slots[slot] - 1] != token) {
            slot = slot + 1 & slots.length - 1;
        }
        return slot;
    }
}
