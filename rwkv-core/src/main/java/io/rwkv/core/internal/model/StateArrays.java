package io.rwkv.core.internal.model;

import io.rwkv.core.engine.StatePart;

import java.util.Arrays;

/**
 * The numbers of one state, in two sets: a call reads the current set and writes the other, and only when it has succeeded
 * do they change places. A call that fails part-way leaves the state as it was, and nothing is copied for that.
 */
public final class StateArrays {
    private final StateLayout layout;
    private float[][] current; // [layer · parts + part]
    private float[][] spare; // made by the first call
    private boolean begun; // whether the present call has already written the spare set
    // Made once for both roles of the two sets, and not for every token.
    private Views views;
    private Views viewsAfterCommit;
    private final LayerState[] layers;
    private final Stretch stretch = new Stretch();

    /** What operations see of the two sets: in a call's first stretch, and in its later ones. */
    private record Views(StatePart[] first, StatePart[] later) {
        static Views of(float[][] before, float[][] after) {
            StatePart[] first = new StatePart[before.length];
            StatePart[] later = new StatePart[before.length];
            for (int i = 0; i < before.length; i++) {
                first[i] = new StatePart(before[i], after[i]);
                later[i] = new StatePart(after[i], after[i]);
            }
            return new Views(first, later);
        }
    }

    /** The state before the first token. */
    public StateArrays(StateLayout layout) {
        this.layout = layout;
        this.current = allocate();
        this.layers = new LayerState[layout.layers()];
        Arrays.setAll(layers, i -> new LayerState(this, i));
        reset();
    }

    private float[][] allocate() {
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
        int parts = layout.parts().size();
        for (int i = 0; i < current.length; i++) {
            Arrays.fill(current[i], layout.parts().get(i % parts).initial());
        }
    }

    /** A copy that shares nothing. */
    public StateArrays copy() {
        StateArrays copy = new StateArrays(layout);
        for (int i = 0; i < current.length; i++) {
            copy.current[i] = current[i].clone();
        }
        return copy;
    }

    /** The live array of one part. */
    public float[] array(int layer, int part) {
        return current[layer * layout.parts().size() + part];
    }

    /** Before the first stretch of a call. */
    void begin() {
        if (spare == null) {
            spare = allocate();
            views = Views.of(current, spare);
            viewsAfterCommit = Views.of(spare, current);
        }
        begun = false;
    }

    /** One part on its way through the present stretch. */
    StatePart part(int layer, int part) {
        int i = layer * layout.parts().size() + part;
        return (begun ? views.later : views.first)[i];
    }

    /** One layer on its way through the present stretch. */
    LayerState layer(int layer) {
        return layers[layer];
    }

    /** The present stretch. */
    Stretch stretch() {
        return stretch;
    }

    /** After each stretch: the next one goes on from what this one wrote. */
    void endStretch() {
        begun = true;
    }

    /** After the last stretch of a call that succeeded. */
    void commit() {
        float[][] old = current;
        current = spare;
        spare = old;
        Views seen = views;
        views = viewsAfterCommit;
        viewsAfterCommit = seen;
    }
}
