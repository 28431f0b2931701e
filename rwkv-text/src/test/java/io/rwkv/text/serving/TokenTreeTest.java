package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

class TokenTreeTest {
    /** Nodes are where values are and where paths part; each token of a path is there once. */
    static long bytes(Iterable<List<Integer>> paths) {
        Set<List<Integer>> values = new HashSet<>();
        Map<List<Integer>, Set<Integer>> next = new HashMap<>();
        for (List<Integer> path : paths) {
            values.add(path);
            for (int i = 0; i < path.size(); i++) {
                next.computeIfAbsent(path.subList(0, i), p -> new HashSet<>()).add(path.get(i));
            }
        }
        Set<List<Integer>> nodes = new HashSet<>(values);
        next.forEach((path, tokens) -> {
            if (tokens.size() > 1 && !path.isEmpty()) {
                nodes.add(path);
            }
        });
        long tokens = next.values().stream().mapToLong(Set::size).sum();
        return (long) TokenTree.NODE_BYTES * nodes.size() + Integer.BYTES * tokens;
    }

    @Test
    void treeShouldKnowWhatAMapKnows() {
        Random random = new Random(3);
        for (int round = 0; round < 20; round++) {
            TokenTree<String> tree = new TokenTree<>();
            Map<List<Integer>, String> map = new HashMap<>();
            Map<List<Integer>, TokenTree.Node<String>> nodes = new HashMap<>();
            for (int i = 0; i < 500; i++) {
                int[] tokens = random.ints(random.nextInt(1, 9), 0, 3).toArray();
                int length = random.nextInt(1, tokens.length + 1);
                List<Integer> key = KnownStates.list(tokens).subList(0, length);
                switch (random.nextInt(3)) {
                    case 0 -> {
                        nodes.put(key, tree.put(tokens, length, "v" + i));
                        map.put(key, "v" + i);
                    }
                    case 1 -> {
                        if (map.remove(key) != null) {
                            tree.remove(nodes.remove(key));
                        }
                    }
                    default -> follow(tree, map, tokens);
                }
                assertEquals(map.get(key), tree.get(tokens, length));
                assertEquals(bytes(map.keySet()), tree.bytes());
            }
            nodes.forEach((key, node) -> assertEquals(key, KnownStates.list(node.tokens())));
            nodes.values().forEach(tree::remove);
            assertEquals(0, tree.bytes());
            assertEquals(0, tree.follow(new int[]{0, 1, 2}, value -> {}));
        }
    }

    private static void follow(TokenTree<String> tree, Map<List<Integer>, String> map, int[] tokens) {
        List<Integer> all = KnownStates.list(tokens);
        List<String> expected = new ArrayList<>();
        int known = 0;
        for (int n = 1; n <= tokens.length; n++) {
            List<Integer> prefix = all.subList(0, n);
            if (map.containsKey(prefix)) {
                expected.add(map.get(prefix));
            }
            int length = n;
            if (map.keySet().stream().anyMatch(k -> k.size() >= length && k.subList(0, length).equals(prefix))) {
                known = n;
            }
        }
        List<String> found = new ArrayList<>();
        assertEquals(known, tree.follow(tokens, found::add));
        assertEquals(expected, found);
    }

    @Test
    void placesShouldStayWhileTheTreeChanges() {
        TokenTree<String> tree = new TokenTree<>();
        TokenTree.Node<String> deep = tree.put(new int[]{1, 2, 3, 4, 5}, 5, "deep");
        TokenTree.Node<String> upper = tree.put(new int[]{1, 2}, 2, "upper");
        TokenTree.Node<String> beside = tree.put(new int[]{1, 2, 3, 9}, 4, "beside");
        tree.remove(upper);
        assertNull(tree.get(new int[]{1, 2}, 2));
        tree.remove(beside);
        assertArrayEquals(new int[]{1, 2, 3, 4, 5}, deep.tokens());
        assertEquals(TokenTree.NODE_BYTES + 5L * Integer.BYTES, tree.bytes(), "one edge again");
    }
}
