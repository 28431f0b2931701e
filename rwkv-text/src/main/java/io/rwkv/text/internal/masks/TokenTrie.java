package io.rwkv.text.internal.masks;

import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;

/**
 * The texts of all tokens of a tokenizer as one tree of bytes, laid out in the order of a walk that visits a node before its
 * children. A walk goes up through the nodes; to leave out all that begins with a node's bytes, it goes on at {@link #end} of the
 * node.
 *
 * <pre>
 * for (int node = 0; node &lt; trie.nodes();) {
 *     … = step(stack[trie.depth(node) - 1], trie.label(node));
 *     node = viable ? node + 1 : trie.end(node);
 * }
 * </pre>
 *
 * Tokens that stand for no text (special tokens, ids that no token has) are not in it. Immutable, and safe for any number of threads.
 */
public final class TokenTrie {
    /** No token. */
    public static final int NONE = -1;

    private static final Map<Tokenizer, TokenTrie> KNOWN = new WeakHashMap<>();

    private final int vocabulary;
    private final byte[][] texts; // [id], null where a token stands for no text
    private final byte[] labels; // [node], the last byte of its path
    private final int[] depths; // [node], the length of its path, from 1
    private final int[] ends; // [node], the first node behind its subtree
    private final int[] tokens; // [node], a token whose text is the path, or NONE
    private final int[] nextSame; // [id], another token with the same text, or NONE
    private final int count;
    private final int longest;
    private final boolean everyByte;

    private TokenTrie(Tokenizer tokenizer) {
        vocabulary = tokenizer.vocabularySize();
        texts = new byte[vocabulary][];
        nextSame = new int[vocabulary];
        Arrays.fill(nextSame, NONE);
        List<Integer> ids = new ArrayList<>();
        int[] one = new int[1];
        int bytes = 0;
        for (int id = 0; id < vocabulary; id++) {
            one[0] = id;
            byte[] text = tokenizer.standsForText(id) ? tokenizer.decodeBytes(one) : new byte[0];
            if (text.length > 0) {
                texts[id] = text;
                ids.add(id);
                bytes = Math.addExact(bytes, text.length);
            }
        }
        count = ids.size();
        ids.sort((a, b) -> Arrays.compareUnsigned(texts[a], texts[b]));
        Layout layout = new Layout(bytes);
        ids.forEach(layout::add);
        layout.finish();
        labels = Arrays.copyOf(layout.labels, layout.nodes);
        depths = Arrays.copyOf(layout.depths, layout.nodes);
        ends = Arrays.copyOf(layout.ends, layout.nodes);
        tokens = Arrays.copyOf(layout.tokens, layout.nodes);
        longest = layout.longest;
        BitSet single = new BitSet();
        for (int node = 0; node < labels.length; node = ends[node]) {
            single.set(labels[node] & 0xFF, tokens[node] != NONE);
        }
        everyByte = single.cardinality() == 256;
    }

    /** The tree of a tokenizer, made at the first call and remembered as long as the tokenizer is in use. */
    public static TokenTrie of(Tokenizer tokenizer) {
        Objects.requireNonNull(tokenizer, "tokenizer");
        synchronized (KNOWN) {
            return KNOWN.computeIfAbsent(tokenizer, TokenTrie::new);
        }
    }

    /** The highest id plus 1, as of the tokenizer. */
    public int vocabulary() {
        return vocabulary;
    }

    /** How many tokens stand for text. */
    public int count() {
        return count;
    }

    /** The number of nodes; the empty path is none. */
    public int nodes() {
        return labels.length;
    }

    /** The last byte of a node's path, from 0 to 255. */
    public int label(int node) {
        return labels[node] & 0xFF;
    }

    /** The length of a node's path, from 1 to {@link #longest()}. */
    public int depth(int node) {
        return depths[node];
    }

    /** The first node behind all that begin with this node's path. */
    public int end(int node) {
        return ends[node];
    }

    /** The token whose text is a node's path, or {@link #NONE}. There may be more: {@link #nextSame}. */
    public int token(int node) {
        return tokens[node];
    }

    /** Another token with the same text, or {@link #NONE}. */
    public int nextSame(int token) {
        return nextSame[token];
    }

    /** The length of the longest path. */
    public int longest() {
        return longest;
    }

    /** Whether each of the 256 bytes is a token of its own, so that every text can be written. */
    public boolean everyByte() {
        return everyByte;
    }

    /** The bytes of a token, not to be changed; null if the id, which may be any number, stands for no text. */
    public byte[] text(int token) {
        return token >= 0 && token < vocabulary ? texts[token] : null;
    }

    /** Builds the nodes from tokens in the order of their bytes. */
    private final class Layout {
        final byte[] labels;
        final int[] depths;
        final int[] ends;
        final int[] tokens;
        int nodes;
        int longest;
        private int[] path = new int[64]; // [depth], the node there
        private byte[] last = {};
        private int lastToken = NONE;

        Layout(int most) {
            labels = new byte[most];
            depths = new int[most];
            ends = new int[most];
            tokens = new int[most];
        }

        void add(int id) {
            byte[] text = texts[id];
            if (Arrays.equals(text, last)) {
                nextSame[lastToken] = id;
                lastToken = id;
                return;
            }
            int shared = Arrays.mismatch(last, text);
            close(shared);
            if (text.length >= path.length) {
                path = Arrays.copyOf(path, 2 * text.length);
            }
            for (int depth = shared + 1; depth <= text.length; depth++) {
                path[depth] = nodes;
                labels[nodes] = text[depth - 1];
                depths[nodes] = depth;
                tokens[nodes++] = NONE;
            }
            tokens[nodes - 1] = id;
            longest = Math.max(longest, text.length);
            last = text;
            lastToken = id;
        }

        /** Ends the nodes of the last path that are deeper than this. */
        private void close(int depth) {
            for (int at = last.length; at > depth; at--) {
                ends[path[at]] = nodes;
            }
        }

        void finish() {
            close(0);
        }
    }
}
