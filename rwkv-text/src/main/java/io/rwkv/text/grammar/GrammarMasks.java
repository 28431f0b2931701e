package io.rwkv.text.grammar;

import io.rwkv.text.grammar.FrameMask.Exit;
import io.rwkv.text.internal.masks.TokenMask;
import io.rwkv.text.internal.masks.TokenTrie;

import java.util.ArrayList;
import java.util.List;

/** Which tokens of one vocabulary may follow in each state of a grammar. Safe for any number of threads. */
final class GrammarMasks {
    /** About how much memory states and masks may take together. */
    static final long MOST_BYTES = 64L << 20;

    final TokenTrie trie;
    final Automaton automaton;

    GrammarMasks(Network network, TokenTrie trie, long mostBytes) {
        this.trie = trie;
        this.automaton = new Automaton(network, mostBytes);
    }

    /**
     * The tokens whose bytes do not lead to a dead end. It is made at the first call and remembered with the state, without locks: if
     * two threads need it at once, both make it, and both make the same.
     */
    TokenMask mask(ParserState state) {
        TokenMask known = state.mask;
        if (known == null) {
            known = state.home.share(new TokenMask(walk(state), trie.vocabulary(), false));
            state.mask = known;
        }
        return known;
    }

    private long[] walk(ParserState state) {
        FrameMask frame = frame(state.home.frame(state));
        long[] bits = frame.bits().clone();
        ParserState[] path = new ParserState[trie.longest() + 1];
        for (Exit exit : frame.exits()) {
            ParserState at = state;
            for (int byteClass : exit.path()) {
                at = at.step(byteClass);
            }
            path[exit.path().length] = at;
            walk(exit.node() + 1, trie.end(exit.node()), path, bits, null);
        }
        return bits;
    }

    private FrameMask frame(ParserState state) {
        FrameMask known = state.frame;
        if (known == null) {
            long[] bits = new long[TokenMask.words(trie.vocabulary())];
            List<Exit> exits = new ArrayList<>();
            ParserState[] path = new ParserState[trie.longest() + 1];
            path[0] = state;
            walk(0, trie.nodes(), path, bits, exits);
            known = new FrameMask(bits, List.copyOf(exits));
            state.home.note(known.bytes());
            state.frame = known;
        }
        return known;
    }

    /**
     * Allows the tokens at nodes that are no dead ends.
     *
     * @param path [depth], the states that lead to the first node
     * @param exits collects nodes where the text may end, and what is below them is left out; null if all is walked
     */
    private void walk(int from, int to, ParserState[] path, long[] bits, List<Exit> exits) {
        for (int node = from; node < to;) {
            int depth = trie.depth(node);
            ParserState state = path[depth - 1].step(automaton.classOf(trie.label(node)));
            if (state.dead) {
                node = trie.end(node);
                continue;
            }
            for (int id = trie.token(node); id != TokenTrie.NONE; id = trie.nextSame(id)) {
                bits[id >> 6] |= 1L << id;
            }
            path[depth] = state;
            if (exits != null && state.mayEnd && trie.end(node) > node + 1) {
                exits.add(new Exit(node, classes(node, depth)));
                node = trie.end(node);
            } else {
                node++;
            }
        }
    }

    private int[] classes(int node, int depth) {
        int[] classes = new int[depth];
        for (int at = node, wanted = depth; wanted > 0; at--) {
            if (trie.depth(at) == wanted) {
                classes[--wanted] = automaton.classOf(trie.label(at));
            }
        }
        return classes;
    }
}
