package io.rwkv.core.engine;

/**
 * One part of one layer's state during an operation on T tokens. The operation reads {@link #before} and writes all of
 * {@link #after}. The two may be the same array, so an operation has to read each element before it writes it. For one thread.
 * The arrays are the model's: an engine must not keep them after the operation.
 */
public final class StatePart {
    private float[] before;
    private float[] after;

    /**
     * Makes a part of two arrays, which are not copied.
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

    /** Replaces both arrays. The model does this between operations, so that no token needs new objects. */
    public void set(float[] before, float[] after) {
        this.before = before;
        this.after = after;
    }
}
