package io.rwkv.core.internal.model;

import io.rwkv.core.engine.StatePart;

/** One layer's view of the state during one stretch of tokens. */
record LayerState(Pass pass, int layer) {
    /** @param index in the {@link StateLayout}'s parts */
    StatePart part(int index) {
        return pass.part(layer, index);
    }
}
