package io.rwkv.text.grammar;

import java.util.List;

/**
 * Which tokens may follow, as far as the rules decide that are under way, whatever called them. All states that differ only in what
 * called their rules share it: within a string of JSON, this is nearly everything, however deep the string is nested. Immutable.
 *
 * @param bits [token / 64], set where the token may follow
 * @param exits where a rule may end within a token
 */
record FrameMask(long[] bits, List<Exit> exits) {
    /**
     * A node of the token tree where a rule may end: what is below it has to be walked with what called the rule.
     *
     * @param path the classes of the bytes that lead there
     */
    record Exit(int node, int[] path) {}

    /** About how many bytes of memory it takes. */
    long bytes() {
        return 100 + 8L * bits.length + exits.stream().mapToLong(exit -> 60 + 4L * exit.path.length).sum();
    }
}
