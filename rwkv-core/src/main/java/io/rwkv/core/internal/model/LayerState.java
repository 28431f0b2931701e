package io.rwkv.core.internal.model;

import io.rwkv.core.engine.StatePart;

/**
 * One layer's view of the states during one stretch of tokens.
 *
 * @param parts of all layers, [layer · parts + part]
 * @param first the index of this layer's first
 */
record LayerState(StatePart[] parts, int first) {
    /** @param index in the {@link StateLayout}'s parts */
    StatePart part(int index) {
        return parts[first + index];
    }
}
