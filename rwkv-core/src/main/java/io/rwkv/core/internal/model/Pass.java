package io.rwkv.core.internal.model;

import io.rwkv.core.engine.StatePart;

import java.lang.ref.SoftReference;
import java.util.Arrays;

/**
 * What one sequence needs on its way through one call, and no longer: a second set of state arrays, which the call writes, so
 * that a call that fails leaves the state as it was and nothing is copied for that; and the present {@link Stretch}. Lent by
 * {@link Passes}; for one thread at a time.
 */
final class Pass {
    /** By which the idle are held: memory that is short takes them. Made once, for no token needs a new one. */
    final SoftReference<Pass> idle = new SoftReference<>(this);

    private final StatePart[] views; // [layer · parts + part], what operations see
    private final LayerState[] layers;
    private final Stretch stretch = new Stretch();
    private float[][] spare; // [layer · parts + part], of any contents before the first stretch
    private StateArrays state; // null between calls

    Pass(StateLayout layout) {
        spare = StateArrays.allocate(layout);
        views = new StatePart[spare.length];
        Arrays.setAll(views, i -> new StatePart(null, null));
        layers = new LayerState[layout.layers()];
        Arrays.setAll(layers, i -> new LayerState(views, i * layout.parts().size()));
    }

    /** Before the first stretch: operations read the state and write all of the spare arrays. */
    void begin(StateArrays from) {
        state = from;
        show(from.arrays(), spare);
    }

    /** Before each further stretch, which goes on from what the last one wrote. */
    void nextStretch() {
        show(spare, spare);
    }

    /** After the last stretch: the state takes what was written, and leaves its old arrays here. Cannot fail. */
    void commit() {
        spare = state.exchange(spare);
    }

    /** After the call, failed or not: holds on to nothing of it. */
    void end() {
        state = null;
        stretch.end();
        for (StatePart view : views) {
            view.set(null, null);
        }
    }

    private void show(float[][] before, float[][] after) {
        for (int i = 0; i < views.length; i++) {
            views[i].set(before[i], after[i]);
        }
    }

    /** One layer on its way through the present stretch. */
    LayerState layer(int layer) {
        return layers[layer];
    }

    /** The present stretch. */
    Stretch stretch() {
        return stretch;
    }
}
