package io.rwkv.text.grammar;

import java.util.HashSet;
import java.util.Set;

/**
 * A grammar as a recursive transition network over bytes: an automaton for each rule, which reads bytes or calls another rule. From
 * each state a text can be completed. Immutable.
 *
 * <p>Bytes that no rule tells apart are of one <em>class</em>. What belongs to state {@code s} lies in the arrays below from
 * {@code xFrom[s]} to before {@code xFrom[s + 1]}.
 */
final class Network {
    /** In {@link #callReturn}: the calling rule ends where the called one does. */
    static final int TAIL = -1;

    final int start; // the first state of the root
    final int states;
    final int classes;
    final int[] classOf; // [byte, 0 to 255]

    final int[] readFrom; // [states + 1]
    final int[] readLow; // the lowest class that is read
    final int[] readHigh; // the highest one
    final int[] readTo; // the state thereafter

    final int[] skipFrom; // [states + 1]
    final int[] skipTo; // states to which one goes without reading; also past calls of rules that may read nothing

    final int[] callFrom; // [states + 1]
    final int[] callStart; // the first state of the rule that is called
    final int[] callReturn; // the state thereafter, or TAIL

    final boolean[] ends; // [state]: whether its rule may end here
    final int[] order; // [state]: see CallOrder, which sets it

    Network(int start, int classes, int[] classOf, boolean[] ends, int[][] reads, int[][] skips, int[][] calls) {
        this.start = start;
        this.states = ends.length;
        this.classes = classes;
        this.classOf = classOf;
        this.ends = ends;
        this.order = new int[states];
        readFrom = starts(reads[0]);
        int[][] sorted = sorted(reads, readFrom);
        readLow = sorted[1];
        readHigh = sorted[2];
        readTo = sorted[3];
        skipFrom = starts(skips[0]);
        skipTo = sorted(skips, skipFrom)[1];
        callFrom = starts(calls[0]);
        sorted = sorted(calls, callFrom);
        callStart = sorted[1];
        callReturn = sorted[2];
        for (int i = 0; i < callReturn.length; i++) {
            callReturn[i] = onlyEnds(callReturn[i]) ? TAIL : callReturn[i];
        }
    }

    /** Whether a state does nothing but end its rule, at once or after steps without reading. */
    private boolean onlyEnds(int first) {
        IntList open = new IntList();
        Set<Integer> seen = new HashSet<>();
        open.add(first);
        while (!open.isEmpty()) {
            int state = open.removeLast();
            if (readFrom[state] < readFrom[state + 1] || callFrom[state] < callFrom[state + 1]) {
                return false;
            }
            if (seen.add(state)) {
                for (int i = skipFrom[state]; i < skipFrom[state + 1]; i++) {
                    open.add(skipTo[i]);
                }
            }
        }
        return true;
    }

    private int[] starts(int[] from) {
        int[] starts = new int[states + 1];
        for (int state : from) {
            starts[state + 1]++;
        }
        for (int state = 0; state < states; state++) {
            starts[state + 1] += starts[state];
        }
        return starts;
    }

    /** The columns of a table in the order of its first one. */
    private static int[][] sorted(int[][] columns, int[] starts) {
        int[] next = starts.clone();
        int[][] sorted = new int[columns.length][columns[0].length];
        for (int row = 0; row < columns[0].length; row++) {
            int to = next[columns[0][row]]++;
            for (int column = 0; column < columns.length; column++) {
                sorted[column][to] = columns[column][row];
            }
        }
        return sorted;
    }
}
