package io.rwkv.tokenizer;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Byte strings, each with a value, to be found by walking a text byte by byte from {@link #root}. Immutable.
 *
 * <p>
 * A double-array trie: the children of all nodes lie interleaved in one array, and the child of a node for byte b is the
 * cell b places after the node's base, if that cell's label says b. No two nodes have the same base, so that the label
 * alone tells whose child a cell is; a step is one load and one comparison.
 */
final class ByteTrie {
    /** No such node, no such value. */
    static final int NONE = -1;
    /** The highest value. */
    static final int MAX_VALUE = TokenTable.MAX_ID;

    private static final int BYTES = 256;
    /** In the lowest nine bits of a cell: its byte, or {@link #EMPTY}, which is none. */
    private static final int LABEL = 0x1FF;
    private static final int EMPTY = BYTES;
    /** In the next bit: whether a string ends in the node. */
    private static final int IS_STRING = 0x200;
    /** In the next 22 bits: the value of the longest string that begins the node's path, all ones if there is none. */
    private static final int VALUE_SHIFT = 10;
    private static final int NO_VALUE = MAX_VALUE + 1;
    /** In the upper half: the base. That of a leaf is 0, and the cells from 0 to 255 are kept empty. */
    private static final int BASE_SHIFT = 32;

    private final long root;
    /** A byte may be added to any base without leaving the array. */
    private final long[] cells;

    private ByteTrie(long root, long[] cells) {
        this.root = root;
        this.cells = cells;
    }

    /** The node of the empty path. A node is its cell, so that a search needs no memory but the next cell. */
    long root() {
        return root;
    }

    /** The node that the byte leads to, or {@link #NONE}. */
    long child(long node, byte next) {
        int b = next & 0xFF;
        long child = cells[(int) (node >>> BASE_SHIFT) + b];
        return (child & LABEL) == b ? child : NONE;
    }

    /** Whether a string ends in the node. */
    static boolean isString(long node) {
        return (node & IS_STRING) != 0;
    }

    /** The value of the longest string that ends on the path to the node, or {@link #NONE}. */
    static int value(long node) {
        int value = (int) node >>> VALUE_SHIFT;
        return value == NO_VALUE ? NONE : value;
    }

    /** Where that string ends, which a search need not remember on its way: mostly it ends in the last node. */
    int endOfLastString(byte[] text, int from, int to) {
        long node = root;
        int end = from;
        for (int at = from; at < to; at++) {
            node = child(node, text[at]);
            end = isString(node) ? at + 1 : end;
        }
        return end;
    }

    /** The value of the string, or {@link #NONE} if it is not there. */
    int valueOf(byte[] string) {
        long node = root;
        for (int at = 0; at < string.length && node != NONE; at++) {
            node = child(node, string[at]);
        }
        return node != NONE && isString(node) ? value(node) : NONE;
    }

    /** Collects strings in any order. */
    static final class Builder {
        /** [node], each; node 0 is the root, and 0 as a child or a sibling means none. */
        private byte[] labels = new byte[64];
        private int[] firstChild = new int[64];
        private int[] nextSibling = new int[64];
        private int[] values = new int[64];
        private int nodes = 1;

        Builder() {
            values[0] = NONE;
        }

        /**
         * Adds a string, unless it is there already.
         *
         * @param string not empty
         * @param value from 0 to {@link #MAX_VALUE}
         * @return the value that the string had before and keeps, {@link #NONE} if it was not there
         */
        int add(byte[] string, int value) {
            assert string.length > 0 && value >= 0 && value <= MAX_VALUE;
            int node = 0;
            for (byte b : string) {
                int child = firstChild[node];
                while (child != 0 && labels[child] != b) {
                    child = nextSibling[child];
                }
                node = child != 0 ? child : addChild(node, b);
            }
            if (values[node] == NONE) {
                values[node] = value;
                return NONE;
            }
            return values[node];
        }

        private int addChild(int node, byte b) {
            int child = nodes++;
            if (child == labels.length) {
                int capacity = child + (child >> 1);
                labels = Arrays.copyOf(labels, capacity);
                firstChild = Arrays.copyOf(firstChild, capacity);
                nextSibling = Arrays.copyOf(nextSibling, capacity);
                values = Arrays.copyOf(values, capacity);
            }
            labels[child] = b;
            values[child] = NONE;
            nextSibling[child] = firstChild[node];
            firstChild[node] = child;
            return child;
        }

        ByteTrie build() {
            int[] parents = parentsByChildren();
            int[] bases = new int[nodes];
            int[] siblings = new int[BYTES];
            Layout layout = new Layout();
            for (int node : parents) {
                int count = 0;
                for (int child = firstChild[node]; child != 0; child = nextSibling[child]) {
                    siblings[count++] = labels[child] & 0xFF;
                }
                bases[node] = layout.place(siblings, count);
            }
            long[] cells = new long[layout.end()];
            Arrays.fill(cells, EMPTY);
            // A node is older than its children, so what they inherit is known.
            int[] inherited = new int[nodes];
            inherited[0] = NO_VALUE;
            for (int node = 0; node < nodes; node++) {
                for (int child = firstChild[node]; child != 0; child = nextSibling[child]) {
                    int label = labels[child] & 0xFF;
                    boolean isString = values[child] != NONE;
                    inherited[child] = isString ? values[child] : inherited[node];
                    cells[bases[node] + label] = (long) bases[child] << BASE_SHIFT
                            | (long) inherited[child] << VALUE_SHIFT | (isString ? IS_STRING : 0) | label;
                }
            }
            return new ByteTrie((long) bases[0] << BASE_SHIFT | (long) NO_VALUE << VALUE_SHIFT | EMPTY, cells);
        }

        /** The nodes that have children, those with many, which are the hardest to place, first. */
        private int[] parentsByChildren() {
            int[] children = new int[nodes];
            int[] nodesWith = new int[BYTES + 1];
            int parents = 0;
            for (int node = 0; node < nodes; node++) {
                for (int child = firstChild[node]; child != 0; child = nextSibling[child]) {
                    children[node]++;
                }
                nodesWith[children[node]]++;
                parents += children[node] > 0 ? 1 : 0;
            }
            int[] places = new int[BYTES + 1];
            for (int count = BYTES - 1; count > 0; count--) {
                places[count] = places[count + 1] + nodesWith[count + 1];
            }
            int[] sorted = new int[parents];
            for (int node = 0; node < nodes; node++) {
                if (children[node] > 0) {
                    sorted[places[children[node]]++] = node;
                }
            }
            return sorted;
        }
    }

    /** Finds room for the children of one node after the other, those of nodes with many first. */
    private static final class Layout {
        private final BitSet usedCells = new BitSet();
        private final BitSet usedBases = new BitSet();
        private int count;
        /** Where the search goes on for the next node with as many children. */
        private int next;

        /** The number of cells that are reachable from any base. */
        int end() {
            return usedBases.length() + BYTES;
        }

        int place(int[] labels, int count) {
            if (count != this.count) {
                this.count = count;
                next = BYTES;
            }
            int base = find(labels);
            usedBases.set(base);
            for (int i = 0; i < count; i++) {
                usedCells.set(base + labels[i]);
            }
            return base;
        }

        /**
         * First fit, but no place is tried twice for the same number of children. From the start for every node it would
         * take quadratic time; as it is, one cell in five stays unused in the World vocabulary.
         */
        private int find(int[] labels) {
            for (;; next++) {
                next = usedCells.nextClearBit(next);
                int base = next - labels[0];
                if (base >= BYTES && !usedBases.get(base) && fits(base, labels)) {
                    return base;
                }
            }
        }

        private boolean fits(int base, int[] labels) {
            for (int i = 1; i < count; i++) {
                if (usedCells.get(base + labels[i])) {
                    return false;
                }
            }
            return true;
        }
    }
}
