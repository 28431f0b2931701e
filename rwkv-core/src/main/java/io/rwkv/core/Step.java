package io.rwkv.core;

import java.util.Objects;
import java.util.OptionalInt;

/**
 * One sequence's part of {@link RwkvModel#forward(java.util.List)}: the tokens to read, the state that reads them, and what is
 * wanted of them. Immutable, but refers to the caller's arrays.
 */
public final class Step {
    private final int[] tokens;
    private final RwkvState state;
    private final Want want;
    private final float[] to; // null for a new array
    private final OptionalInt next; // the token that comes after the last one

    private Step(int[] tokens, RwkvState state, Want want, float[] to, OptionalInt next) {
        this.tokens = Objects.requireNonNull(tokens, "tokens");
        this.state = Objects.requireNonNull(state, "state");
        this.want = Objects.requireNonNull(want, "want");
        this.to = to;
        this.next = next;
    }

    /** Reads tokens and wants {@link Want#LAST_LOGITS}; otherwise as {@link #of(int[], RwkvState, Want)}. */
    public static Step of(int[] tokens, RwkvState state) {
        return of(tokens, state, Want.LAST_LOGITS);
    }

    /**
     * Reads tokens.
     *
     * @param tokens ids, at least one; not copied, so they must not change during the call
     * @param state is moved by the call
     */
    public static Step of(int[] tokens, RwkvState state, Want want) {
        return new Step(tokens, state, want, null, OptionalInt.empty());
    }

    /**
     * The same step, with an array of the caller's for what is wanted after the last token. So that a loop need not make a new
     * one for each token.
     *
     * @param array receives the logits, or the hidden vector, from its first element on; what lies behind stays as it is
     * @throws IllegalArgumentException if the step wants neither {@link Want#LAST_LOGITS} nor {@link Want#LAST_HIDDEN}
     */
    public Step into(float[] array) {
        if (want != Want.LAST_LOGITS && want != Want.LAST_HIDDEN) {
            throw new IllegalArgumentException(
                    "into: expected a step that wants LAST_LOGITS or LAST_HIDDEN, found " + want);
        }
        return new Step(tokens, state, want, Objects.requireNonNull(array, "array"), next);
    }

    /**
     * The same step, with the token that comes after its tokens in the text. The step does not read it, but
     * {@link Output#logProbabilities()} then ends with its log-probability. So that a long text can be scored in several calls.
     *
     * @param token an id; the call refuses it if it is not in the vocabulary
     * @throws IllegalArgumentException if the step does not want {@link Want#LOG_PROBABILITIES}
     */
    public Step followedBy(int token) {
        if (want != Want.LOG_PROBABILITIES) {
            throw new IllegalArgumentException(
                    "followedBy: expected a step that wants LOG_PROBABILITIES, found " + want);
        }
        return new Step(tokens, state, want, to, OptionalInt.of(token));
    }

    /** The ids: the caller's own array. */
    public int[] tokens() {
        return tokens;
    }

    /** The state that reads the tokens. */
    public RwkvState state() {
        return state;
    }

    /** What is wanted of the tokens. */
    public Want want() {
        return want;
    }

    /** The array given by {@link #into}; null if there is none. */
    float[] to() {
        return to;
    }

    /** The token given by {@link #followedBy}. */
    OptionalInt next() {
        return next;
    }
}
