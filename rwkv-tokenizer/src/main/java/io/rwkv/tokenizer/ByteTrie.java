package io.rwkv.tokenizer;

import java.util.Arrays;

/**
 * Byte strings, each with a value of 0 or more, to be found by walking a text byte by byte from {@link #ROOT}.
 * Immutable once filled.
 */
final class ByteTrie {
    static final int ROOT = 0;
    /** No such node, no such value. */
    static final int NONE = -1;

    private static final long EMPTY = -1;

    /** [first byte]: most positions of a text match nothing, which this tells in one step. */
    private final int[] first = new int[256];
    /** Hash table of the other edges: node in the upper bits, byte in the lowest eight. */
    private long[] edges = new long[64];
    /** [slot]: the node that the edge leads to. */
    private int[] targets = new int[64];
    private int edgeCount;
    /** [node]. */
    private int[] values = {NONE};
    private int nodes = 1;

    ByteTrie() {
        Arrays.fill(first, NONE);
        Arrays.fill(edges, EMPTY);
    }

    /** Adds a string; returns false, and changes nothing, if it is there already. */
    boolean add(byte[] string, int value) {
        int node = ROOT;
        for (byte b : string) {
            int child = child(node, b);
            node = child == NONE ? addChild(node, b) : child;
        }
        if (values[node] != NONE) {
            return false;
        }
        values[node] = value;
        return true;
    }

    /** The node that the byte leads to, or {@link #NONE}. */
    int child(int node, byte b) {
        if (node == ROOT) {
            return first[b & 0xFF];
        }
        long edge = edge(node, b);
        int slot = slot(edge);
        return edges[slot] == edge ? targets[slot] : NONE;
    }

    /** The value of the string that ends in the node, or {@link #NONE}. */
    int value(int node) {
        return values[node];
    }

    private int addChild(int node, byte b) {
        int child = nodes++;
        if (child == values.length) {
            values = Arrays.copyOf(values, 2 * child);
        }
        values[child] = NONE;
        if (node == ROOT) {
            first[b & 0xFF] = child;
            return child;
        }
        if (2 * ++edgeCount > edges.length) {
            grow();
        }
        put(edge(node, b), child);
        return child;
    }

    private void grow() {
        long[] oldEdges = edges;
        int[] oldTargets = targets;
        edges = new long[2 * oldEdges.length];
        targets = new int[edges.length];
        Arrays.fill(edges, EMPTY);
        for (int i = 0; i < oldEdges.length; i++) {
            if (oldEdges[i] != EMPTY) {
                put(oldEdges[i], oldTargets[i]);
            }
        }
    }

    private void put(long edge, int target) {
        int slot = slot(edge);
        edges[slot] = edge;
        targets[slot] = target;
    }

    private int slot(long edge) {
        int slot = (int) (edge * 0x9E3779B97F4A7C15L >>> 32) & edges.length - 1;
        while (edges[slot] != edge && edges[slot] != EMPTY) {
            slot = slot + 1 & edges.length - 1;
        }
        return slot;
    }

    private static long edge(int node, byte b) {
        return (long) node << 8 | b & 0xFF;
    }
}
