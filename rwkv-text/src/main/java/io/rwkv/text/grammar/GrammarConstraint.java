package io.rwkv.text.grammar;

import io.rwkv.text.internal.masks.TokenMask;
import io.rwkv.text.sampling.Constraint;

import java.nio.charset.StandardCharsets;

/** One text that follows a grammar. */
final class GrammarConstraint implements Constraint {
    /** Of the text, for messages. */
    private static final int LAST_BYTES = 80;

    private final Grammar grammar;
    private final GrammarMasks masks;
    private final byte[] last = new byte[LAST_BYTES]; // a ring
    private long length; // of the text in bytes
    private ParserState state;

    GrammarConstraint(Grammar grammar, GrammarMasks masks) {
        this.grammar = grammar;
        this.masks = masks;
        this.state = masks.automaton.start();
    }

    @Override
    public void restrict(float[] logits) {
        TokenMask mask = mask();
        if (mask.count() == 0 && !state.mayEnd) {
            throw new IllegalStateException(this + ": expected a token that may come next, found none; the tokenizer"
                    + " does not have all single bytes as tokens");
        }
        mask.apply(logits);
    }

    private TokenMask mask() {
        state = masks.automaton.current(state);
        return masks.mask(state);
    }

    @Override
    public void accept(int token) {
        byte[] text = masks.trie.text(token);
        ParserState next = text == null ? null : masks.automaton.step(state, text, 0, text.length);
        if (next == null || next.dead) {
            throw new IllegalStateException(this + ": expected a token that may come next, found token " + token
                    + (text == null ? ", which stands for no text" : ", \"" + readable(text) + "\""));
        }
        for (byte b : text) {
            last[(int) (length++ % LAST_BYTES)] = b;
        }
        state = next;
    }

    @Override
    public boolean mayEnd() {
        return state.mayEnd;
    }

    @Override
    public boolean mayContinue() {
        // Where the text may not end, that no token is left is not its end, but an error.
        return state.mayContinue() && (masks.trie.everyByte() || !state.mayEnd || mask().count() > 0);
    }

    /** The grammar and where the text has got to. */
    @Override
    public String toString() {
        byte[] end = new byte[(int) Math.min(length, LAST_BYTES)];
        for (int i = 0; i < end.length; i++) {
            end[i] = last[(int) ((length - end.length + i) % LAST_BYTES)];
        }
        return grammar + " after " + (length == 0
                ? "no text"
                : "\"" + (length > LAST_BYTES ? "…" : "") + readable(end) + "\"");
    }

    private static String readable(byte[] text) {
        StringBuilder readable = new StringBuilder();
        new String(text, StandardCharsets.UTF_8).codePoints()
                .forEach(c -> readable.append(c < ' ' ? String.format("\\x%02X", c) : Character.toString(c)));
        return readable.toString();
    }
}
