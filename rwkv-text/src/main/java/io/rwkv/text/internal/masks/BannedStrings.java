package io.rwkv.text.internal.masks;

import io.rwkv.text.sampling.Constraint;
import io.rwkv.tokenizer.Tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;

/**
 * Strings that a text must never contain: forbids each token that would complete one of them, wherever it began. What was
 * found out about a vocabulary is remembered, for all texts together. Immutable to its users, and safe for any number of threads.
 */
public final class BannedStrings {
    /** Of the sets of tokens that are remembered for one tokenizer; beyond that all are forgotten. */
    private static final long MASK_BYTES = 16L << 20;

    private final List<String> strings;
    private final StringAutomaton automaton;
    private final Map<Tokenizer, Masks> masks = new WeakHashMap<>();

    /**
     * Takes the strings.
     *
     * @throws IllegalArgumentException if one of them is empty, has half a surrogate pair or U+FFFD, or if they are too long together
     *         (some 60,000 characters)
     */
    public BannedStrings(Collection<String> strings) {
        this.strings = List.copyOf(strings);
        byte[][] bytes = new byte[this.strings.size()][];
        for (int i = 0; i < bytes.length; i++) {
            String string = this.strings.get(i);
            if (string.isEmpty()) {
                throw new IllegalArgumentException("bannedStrings: expected text, found an empty string");
            }
            if (string.indexOf('\uFFFD') >= 0) {
                throw new IllegalArgumentException(
                        "bannedStrings: expected no U+FFFD, found one: it also stands for bytes "
                                + "that are no character, which are not banned");
            }
            if (!StandardCharsets.UTF_8.newEncoder().canEncode(string)) {
                throw new IllegalArgumentException(
                        "bannedStrings: expected whole characters, found half a surrogate pair");
            }
            bytes[i] = string.getBytes(StandardCharsets.UTF_8);
        }
        automaton = new StringAutomaton(bytes);
    }

    /** The strings, in the order in which they came. */
    public List<String> strings() {
        return strings;
    }

    /**
     * Begins a text.
     *
     * @param tokenizer the model's
     * @return for one text, which may end anywhere
     */
    public Text newConstraint(Tokenizer tokenizer) {
        Objects.requireNonNull(tokenizer, "tokenizer");
        synchronized (masks) {
            return new Text(masks.computeIfAbsent(tokenizer, t -> new Masks(TokenTrie.of(t))));
        }
    }

    /** Which tokens may follow in each state of the automaton. */
    private final class Masks {
        final TokenTrie trie;
        private TokenMask[] known = new TokenMask[automaton.states()];
        private long bytes;

        Masks(TokenTrie trie) {
            this.trie = trie;
        }

        TokenMask get(int state) {
            synchronized (this) {
                if (known[state] != null) {
                    return known[state];
                }
            }
            TokenMask mask = walk(state);
            synchronized (this) {
                if (bytes + mask.bytes() > MASK_BYTES) {
                    Arrays.fill(known, null);
                    bytes = 0;
                }
                bytes += mask.bytes();
                known[state] = mask;
            }
            return mask;
        }

        private TokenMask walk(int start) {
            long[] bits = new long[TokenMask.words(trie.vocabulary())];
            for (int id = 0; id < trie.vocabulary(); id++) {
                bits[id >> 6] |= 1L << id;
            }
            int[] states = new int[trie.longest() + 1]; // [depth]
            states[0] = start;
            for (int node = 0; node < trie.nodes();) {
                int depth = trie.depth(node);
                int state = automaton.step(states[depth - 1], trie.label(node));
                if (automaton.complete(state)) {
                    for (int end = trie.end(node); node < end; node++) {
                        for (int id = trie.token(node); id != TokenTrie.NONE; id = trie.nextSame(id)) {
                            bits[id >> 6] &= ~(1L << id);
                        }
                    }
                } else {
                    states[depth] = state;
                    node++;
                }
            }
            return new TokenMask(bits, trie.vocabulary(), true);
        }
    }

    /** What may come next in one text. For one thread. */
    public final class Text implements Constraint {
        private final Masks masks;
        private int state;

        Text(Masks masks) {
            this.masks = masks;
        }

        @Override
        public void restrict(float[] logits) {
            mask().apply(logits);
        }

        /** The tokens that may come next. */
        public TokenMask mask() {
            return masks.get(state);
        }

        @Override
        public void accept(int token) {
            byte[] text = masks.trie.text(token);
            for (int i = 0; text != null && i < text.length; i++) {
                state = automaton.step(state, text[i] & 0xFF);
            }
        }

        @Override
        public boolean mayEnd() {
            return true;
        }

        @Override
        public boolean mayContinue() {
            // Tokens without text are never forbidden.
            return mask().count() > masks.trie.vocabulary() - masks.trie.count();
        }

        @Override
        public String toString() {
            return "banned strings " + strings;
        }
    }
}
