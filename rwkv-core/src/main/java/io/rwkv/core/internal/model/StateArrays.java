package io.rwkv.core.internal.model;

import java.util.Arrays;

/** The numbers of one state. Not thread-safe: whoever holds it sees to it that it is used by one call at a time. */
public final class StateArrays {
    private final StateLayout layout;
    private float[][] arrays; // [layer · parts + part]

    /** The state before the first token. */
    public StateArrays(StateLayout layout) {
        this(layout, allocate(layout));
        reset();
    }

    private StateArrays(StateLayout layout, float[][] arrays) {
        this.layout = layout;
        this.arrays = arrays;
    }

    /** Arrays for one state, [layer · parts + part]. */
    static float[][] allocate(StateLayout layout) {
        int parts = layout.parts().size();
        float[][] arrays = new float[layout.layers() * parts][];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = new float[layout.parts().get(i % parts).size()];
        }
        return arrays;
    }

    /** The layout given at construction. */
    public StateLayout layout() {
        return layout;
    }

    /** Back to before the first token. */
    public void reset() {
        layout.reset(arrays);
    }

    /** A copy that shares nothing. */
    public StateArrays copy() {
        float[][] copies = new float[arrays.length][];
        Arrays.setAll(copies, i -> arrays[i].clone());
        return new StateArrays(layout, copies);
    }

    /** Takes over the values of another state of the same layout. */
    public void copyFrom(StateArrays other) {
        for (int i = 0; i < arrays.length; i++) {
            System.arraycopy(other.arrays[i], 0, arrays[i], 0, arrays[i].length);
        }
    }

    /** The live array of one part. */
    public float[] array(int layer, int part) {
        return arrays[layer * layout.parts().size() + part];
    }

    /** The bytes of all numbers. */
    public long byteSize() {
        return layout.byteSize();
    }

    /** The live arrays, [layer · parts + part]. */
    float[][] arrays() {
        return arrays;
    }

    /** Takes over other arrays of this layout, and returns its own. */
    float[][] exchange(float[][] others) {
        float[][] own = arrays;
        arrays = others;
        return own;
    }
}
