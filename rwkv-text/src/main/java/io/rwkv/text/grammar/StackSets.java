package io.rwkv.text.grammar;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/** Makes sets of stacks, equal ones only once. For one thread at a time. */
final class StackSets {
    /** Of tops that are compared in one step, some seconds; only grammars that have very many readings of one text come near. */
    private static final long MOST_WORK = 20_000_000;

    private final Map<StackSet, StackSet> known = new HashMap<>();
    private final Map<Pair, StackSet> unions = new HashMap<>(); // of this step
    private long work;
    private long bytes;

    /** Two sets by their numbers, the lower one first. */
    private record Pair(int low, int high) {
        static Pair of(StackSet a, StackSet b) {
            return new Pair(Math.min(a.number, b.number), Math.max(a.number, b.number));
        }
    }

    /** Holds the empty stack only. */
    final StackSet bottom = get(new int[0], new StackSet[0], true);

    /** The set of these; the arrays are kept. */
    StackSet get(int[] tops, StackSet[] below, boolean bottom) {
        StackSet set = new StackSet(known.size(), tops, below, bottom);
        StackSet before = known.putIfAbsent(set, set);
        if (before == null) {
            bytes += set.bytes();
            return set;
        }
        return before;
    }

    /** Stacks with one more state on top. */
    StackSet push(int top, StackSet below) {
        return get(new int[]{top}, new StackSet[]{below}, false);
    }

    /** About how many bytes of memory all take. */
    long bytes() {
        return bytes;
    }

    /** Between two steps: forgets what only helps within one. */
    void nextStep() {
        if (!unions.isEmpty()) {
            unions.clear();
        }
        work = 0;
    }

    static IllegalStateException tooMany() {
        return new IllegalStateException(
                "grammar: a text has too many readings at once; make the grammar less ambiguous");
    }

    /** Stacks that are in one of two sets. Stacks may be deep, so this does not call itself. */
    StackSet union(StackSet a, StackSet b) {
        if (a == b) {
            return a;
        }
        Deque<StackSet[]> open = new ArrayDeque<>(2);
        open.push(new StackSet[]{a, b});
        while (!open.isEmpty()) {
            StackSet[] pair = open.peek();
            Pair key = Pair.of(pair[0], pair[1]);
            if (unions.containsKey(key)) {
                open.pop();
                continue;
            }
            StackSet united = unite(pair[0], pair[1], open);
            if (united != null) {
                unions.put(key, united);
                open.pop();
            }
        }
        return unions.get(Pair.of(a, b));
    }

    /** The union, if those below it are known; else null, and those that are missing are noted. */
    private StackSet unite(StackSet a, StackSet b, Deque<StackSet[]> missing) {
        work += 1 + a.tops.length + b.tops.length;
        if (work > MOST_WORK) {
            throw tooMany();
        }
        int[] tops = new int[a.tops.length + b.tops.length];
        StackSet[] below = new StackSet[tops.length];
        int count = 0;
        boolean complete = true;
        for (int i = 0, j = 0; i < a.tops.length || j < b.tops.length; count++) {
            if (j == b.tops.length || i < a.tops.length && a.tops[i] < b.tops[j]) {
                tops[count] = a.tops[i];
                below[count] = a.below[i++];
            } else if (i == a.tops.length || a.tops[i] > b.tops[j]) {
                tops[count] = b.tops[j];
                below[count] = b.below[j++];
            } else {
                tops[count] = a.tops[i];
                StackSet x = a.below[i++];
                StackSet y = b.below[j++];
                below[count] = x == y ? x : unions.get(Pair.of(x, y));
                if (below[count] == null) {
                    complete = false;
                    missing.push(new StackSet[]{x, y});
                }
            }
        }
        return complete ? get(Arrays.copyOf(tops, count), Arrays.copyOf(below, count), a.bottom || b.bottom) : null;
    }

    /** Makes a set of another cache anew. */
    StackSet adopt(StackSet foreign) {
        Map<StackSet, StackSet> adopted = new IdentityHashMap<>();
        Deque<StackSet> open = new ArrayDeque<>();
        open.push(foreign);
        while (!open.isEmpty()) {
            StackSet set = open.peek();
            boolean complete = true;
            StackSet[] below = new StackSet[set.below.length];
            for (int i = 0; i < below.length; i++) {
                below[i] = adopted.get(set.below[i]);
                if (below[i] == null) {
                    complete = false;
                    open.push(set.below[i]);
                }
            }
            if (complete) {
                adopted.putIfAbsent(set, get(set.tops, below, set.bottom));
                open.pop();
            }
        }
        return adopted.get(foreign);
    }
}
