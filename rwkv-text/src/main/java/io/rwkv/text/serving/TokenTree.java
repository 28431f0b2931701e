package io.rwkv.text.serving;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A radix tree: values by the tokens that lead to them. What several sequences begin with is there once. Not thread-safe.
 */
final class TokenTree<V> {
    /** About what a node takes beside its tokens: the node, its array, its entry in the parent's table and a small table. */
    static final int NODE_BYTES = 256;

    /** A place in the tree. It stays the same place, at the same depth, while the tree around it changes. */
    static final class Node<V> {
        private final int depth; // tokens from the root to here
        private int[] edge; // tokens from the parent to here; only the root has none
        private Node<V> parent; // null at the root
        private Map<Integer, Node<V>> children; // by the first token of their edges; null if there are none
        private V value; // null if none is kept here

        private Node(int[] edge, int depth) {
            this.edge = edge;
            this.depth = depth;
        }

        private Node<V> child(int token) {
            return children == null ? null : children.get(token);
        }

        private void attach(Node<V> child) {
            if (children == null) {
                children = new HashMap<>(4);
            }
            children.put(child.edge[0], child);
            child.parent = this;
        }

        /** The tokens that lead here. A new array. */
        int[] tokens() {
            int[] tokens = new int[depth];
            for (Node<V> node = this; node.parent != null; node = node.parent) {
                System.arraycopy(node.edge, 0, tokens, node.depth - node.edge.length, node.edge.length);
            }
            return tokens;
        }
    }

    private final Node<V> root = new Node<>(new int[0], 0);
    private long bytes;

    /** About what the tree takes, without the values. */
    long bytes() {
        return bytes;
    }

    /**
     * Follows tokens as far as the tree knows them.
     *
     * @param onTheWay is given the values of all that {@code tokens} begin with, shortest first
     * @return how many of the tokens are known, be it in the middle of an edge
     */
    int follow(int[] tokens, Consumer<? super V> onTheWay) {
        Node<V> node = root;
        int known = 0;
        while (known < tokens.length) {
            Node<V> next = node.child(tokens[known]);
            if (next == null) {
                return known;
            }
            int same = common(next.edge, tokens, known, tokens.length);
            known += same;
            if (same < next.edge.length) {
                return known;
            }
            node = next;
            if (node.value != null) {
                onTheWay.accept(node.value);
            }
        }
        return known;
    }

    /** The value of exactly the first {@code length} tokens; null if there is none. */
    V get(int[] tokens, int length) {
        Node<V> node = root;
        while (node.depth < length) {
            Node<V> next = node.child(tokens[node.depth]);
            if (next == null || common(next.edge, tokens, node.depth, length) < next.edge.length) {
                return null;
            }
            node = next;
        }
        return node.value;
    }

    /**
     * Keeps a value at the first {@code length} tokens, in the place of an earlier one.
     *
     * @param length 1 or more
     * @return where it is
     */
    Node<V> put(int[] tokens, int length, V value) {
        Node<V> node = root;
        while (node.depth < length) {
            Node<V> next = node.child(tokens[node.depth]);
            if (next == null) {
                next = new Node<>(Arrays.copyOfRange(tokens, node.depth, length), length);
                node.attach(next);
                bytes += NODE_BYTES + (long) Integer.BYTES * next.edge.length;
            } else {
                int same = common(next.edge, tokens, node.depth, length);
                if (same < next.edge.length) {
                    next = split(next, same);
                }
            }
            node = next;
        }
        node.value = value;
        return node;
    }

    /** Puts a node into the middle of the edge that leads to another. */
    private Node<V> split(Node<V> lower, int at) {
        Node<V> upper = new Node<>(Arrays.copyOf(lower.edge, at), lower.depth - lower.edge.length + at);
        lower.parent.attach(upper); // in the place of the lower one
        lower.edge = Arrays.copyOfRange(lower.edge, at, lower.edge.length);
        upper.attach(lower);
        bytes += NODE_BYTES;
        return upper;
    }

    /** Drops a node's value, and the nodes that are then good for nothing. */
    void remove(Node<V> node) {
        node.value = null;
        while (node.parent != null && node.value == null) {
            Node<V> parent = node.parent;
            if (node.children == null) {
                parent.children.remove(node.edge[0]);
                if (parent.children.isEmpty()) {
                    parent.children = null;
                }
                bytes -= NODE_BYTES + (long) Integer.BYTES * node.edge.length;
                node = parent;
            } else if (node.children.size() == 1) {
                Node<V> only = node.children.values().iterator().next();
                int[] edge = Arrays.copyOf(node.edge, node.edge.length + only.edge.length);
                System.arraycopy(only.edge, 0, edge, node.edge.length, only.edge.length);
                only.edge = edge;
                parent.attach(only);
                bytes -= NODE_BYTES;
                return;
            } else {
                return;
            }
        }
    }

    /** How many tokens of an edge are the same as those from {@code at} on. */
    private static int common(int[] edge, int[] tokens, int at, int end) {
        int length = Math.min(edge.length, end - at);
        int same = Arrays.mismatch(edge, 0, length, tokens, at, at + length);
        return same < 0 ? length : same;
    }
}
