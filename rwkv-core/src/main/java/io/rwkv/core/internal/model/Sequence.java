package io.rwkv.core.internal.model;

import io.rwkv.core.Want;

/**
 * One sequence on its way through one call, and no longer: its tokens, and a second set of state arrays, which the call writes, so
 * that a call that fails leaves the state as it was and nothing is copied for that. Lent by a {@link Pool}; for one thread at a
 * time.
 */
final class Sequence extends Pool.Member {
    private float[][] spare; // [layer · parts + part], of any contents before the first stretch

    // Of the present call.
    private int[] tokens;
    private StateArrays state;
    private Want want;
    private Sink sink;
    private boolean followed;
    private int next; // the token after the last one, if followed
    private float[][] before; // what operations read: at first the state's arrays, then what they wrote themselves

    // Of the present stretch.
    private int from; // the first token
    private int row; // where it stands
    private int count;

    Sequence(StateLayout layout) {
        spare = StateArrays.allocate(layout);
    }

    /** Before the first stretch: operations read the state and write all of the spare arrays. */
    void begin(int[] callTokens, StateArrays callState, Want wanted, Sink receiver) {
        tokens = callTokens;
        state = callState;
        want = wanted;
        sink = receiver;
        followed = false;
        before = callState.arrays();
        from = 0;
        count = 0;
    }

    /** After {@link #begin}: the token that comes after the last one. */
    void followedBy(int token) {
        followed = true;
        next = token;
    }

    /** Goes on behind the last stretch, with up to so many tokens from this row on. */
    void nextStretch(int firstRow, int atMost) {
        if (count > 0) {
            before = spare;
        }
        from += count;
        row = firstRow;
        count = Math.min(atMost, tokens.length - from);
    }

    /** Whether the present stretch takes it to its end. */
    boolean ends() {
        return from + count == tokens.length;
    }

    /** After the last stretch: the state takes what was written, and leaves its old arrays here. Cannot fail. */
    void commit() {
        spare = state.exchange(spare);
    }

    @Override
    void end() {
        tokens = null;
        state = null;
        want = null;
        sink = null;
        before = null;
    }

    /** All tokens of the call; those of the present stretch begin at {@link #from}. */
    int[] tokens() {
        return tokens;
    }

    /** How many tokens of the present stretch have a known token after them. */
    int known() {
        return ends() && !followed ? count - 1 : count;
    }

    /** After how many tokens of the call logits or log-probabilities are wanted. */
    int headRows() {
        return switch (want) {
            case NOTHING, LAST_HIDDEN, ALL_HIDDEN -> 0;
            case LAST_LOGITS -> 1;
            case ALL_LOGITS -> tokens.length;
            case LOG_PROBABILITIES -> followed ? tokens.length : tokens.length - 1;
        };
    }

    /** The token after one of the present stretch, counted from the stretch's first. */
    int after(int token) {
        int index = from + token + 1;
        return index == tokens.length ? next : tokens[index];
    }

    /** The index of the present stretch's first token. */
    int from() {
        return from;
    }

    /** The row of the present stretch's first token. */
    int row() {
        return row;
    }

    /** The number of tokens in the present stretch. */
    int count() {
        return count;
    }

    Want want() {
        return want;
    }

    Sink sink() {
        return sink;
    }

    /** [layer · parts + part], null between calls. */
    float[][] before() {
        return before;
    }

    /** [layer · parts + part], null between calls. */
    float[][] after() {
        return before == null ? null : spare;
    }
}
