package io.rwkv.core.engine;

/**
 * One part of one layer's state on its way through a stretch of tokens. An operation reads {@link #before} and writes all of
 * {@link #after}; the two may be the same array, so each element is read before it is written. For one call at a time; engines
 * keep none of it beyond the operation.
 */
public final class StatePart {
    private float[] before;
    private float[] after;

    /**
     * A part whose arrays are not copied.
     *
     * @param before values before the first token, in the part's canonical layout
     * @param after receives the values after the last token
     */
    public StatePart(float[] before, float[] after) {
        set(before, after);
    }

    /** Values before the first token, in the part's canonical layout. */
    public float[] before() {
        return before;
    }

    /** Receives the values after the last token. */
    public float[] after() {
        return after;
    }

    /** Goes over to other arrays, for the model's use between operations: so no token needs new objects. */
    public void set(float[] before, float[] after) {
        this.before = before;
        this.after = after;
    }
}
