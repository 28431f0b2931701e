package io.rwkv.text.grammar;

import java.util.Map;
import java.util.TreeMap;

/** What lies below a state in all stacks that have been found so far in a step. For one thread at a time. */
final class Gathering {
    private final StackSets sets;
    private StackSet whole; // null while it has to be made of the parts
    private TreeMap<Integer, StackSet> parts; // by their tops; null while there is only the whole
    private boolean bottom;

    Gathering(StackSets sets) {
        this.sets = sets;
    }

    /** Adds stacks; gives whether there was a new one among them. */
    boolean add(StackSet set) {
        if (whole == null && parts == null) {
            whole = set;
            return true;
        }
        if (set == whole) {
            return false;
        }
        takeApart();
        boolean more = addAll(set);
        whole = more ? null : whole;
        return more;
    }

    /** Adds stacks with one more state on top. */
    boolean add(int top, StackSet below) {
        if (whole == null && parts == null) {
            whole = sets.push(top, below);
            return true;
        }
        takeApart();
        boolean more = addPart(top, below);
        whole = more ? null : whole;
        return more;
    }

    private void takeApart() {
        if (parts == null) {
            parts = new TreeMap<>();
            addAll(whole);
        }
    }

    private boolean addAll(StackSet set) {
        boolean more = set.bottom && !bottom;
        bottom |= set.bottom;
        for (int i = 0; i < set.tops.length; i++) {
            more |= addPart(set.tops[i], set.below[i]);
        }
        return more;
    }

    private boolean addPart(int top, StackSet below) {
        StackSet before = parts.get(top);
        StackSet all = before == null ? below : sets.union(before, below);
        if (all == before) {
            return false;
        }
        parts.put(top, all);
        return true;
    }

    /** All that was added. */
    StackSet set() {
        if (whole == null) {
            int[] tops = new int[parts.size()];
            StackSet[] below = new StackSet[tops.length];
            int count = 0;
            for (Map.Entry<Integer, StackSet> part : parts.entrySet()) {
                tops[count] = part.getKey();
                below[count++] = part.getValue();
            }
            whole = sets.get(tops, below, bottom);
        }
        return whole;
    }
}
