package io.rwkv.text.grammar;

import java.util.Arrays;

/**
 * The strongly connected components of a graph (Tarjan's algorithm, without recursion, as graphs may be deep): nodes that can reach
 * each other. Components are numbered so that an edge never leads to a higher number.
 */
final class Components {
    private final int[][] edges; // [node], where its edges lead
    private final int[] component; // [node]; −1 where the start does not reach
    private final IntList order = new IntList(); // nodes by component
    private final int[] entered; // [node], when, from 1
    private final int[] lowest;
    private int clock;
    private int count;

    Components(int[][] edges, int... starts) {
        this.edges = edges;
        component = new int[edges.length];
        entered = new int[edges.length];
        lowest = new int[edges.length];
        Arrays.fill(component, -1);
        for (int start : starts) {
            if (entered[start] == 0) {
                visit(start);
            }
        }
    }

    private void visit(int start) {
        IntList path = new IntList();
        IntList nextEdge = new IntList();
        IntList open = new IntList();
        enter(start, path, nextEdge, open);
        while (!path.isEmpty()) {
            int node = path.get(path.size() - 1);
            int at = nextEdge.get(path.size() - 1);
            if (at < edges[node].length) {
                nextEdge.set(path.size() - 1, at + 1);
                int target = edges[node][at];
                if (entered[target] == 0) {
                    enter(target, path, nextEdge, open);
                } else if (component[target] < 0) {
                    lowest[node] = Math.min(lowest[node], entered[target]);
                }
                continue;
            }
            path.removeLast();
            nextEdge.removeLast();
            if (!path.isEmpty()) {
                int parent = path.get(path.size() - 1);
                lowest[parent] = Math.min(lowest[parent], lowest[node]);
            }
            if (lowest[node] == entered[node]) {
                int member;
                do {
                    member = open.removeLast();
                    component[member] = count;
                    order.add(member);
                } while (member != node);
                count++;
            }
        }
    }

    private void enter(int node, IntList path, IntList nextEdge, IntList open) {
        entered[node] = lowest[node] = ++clock;
        path.add(node);
        nextEdge.add(0);
        open.add(node);
    }

    /** All nodes that were reached; those that an edge leads to come first, except within a component. */
    int[] order() {
        return order.toArray();
    }

    /** The number of a node's component, below the number of nodes; −1 where the starts do not reach. */
    int number(int node) {
        return component[node];
    }

    /** Whether two nodes can reach each other; true for a node and itself. */
    boolean together(int a, int b) {
        return component[a] == component[b] && component[a] >= 0;
    }

    /** Whether a node can reach itself by at least one edge. */
    boolean cyclic(int node) {
        for (int target : edges[node]) {
            if (together(node, target)) {
                return true;
            }
        }
        return false;
    }
}
