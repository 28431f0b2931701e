package io.rwkv.core;

import io.rwkv.core.internal.model.StateLayout;

/**
 * What a checkpoint's tensor names and shapes say of the model.
 *
 * @param version the architecture
 * @param layers the number of layers, L
 * @param width the embedding width, C
 * @param ffnWidth the number of hidden units of the channel mix
 * @param vocabularySize the number of tokens, V; ids run from 0 to V − 1
 */
public record RwkvConfig(RwkvVersion version, int layers, int width, int ffnWidth, int vocabularySize) {
    /** The number of float32 values in a state, however many tokens it has read. */
    public long stateElements() {
        StateLayout layout = StateLayout.of(this);
        return layout.layers() * layout.parts().stream().mapToLong(StateLayout.Part::size).sum();
    }
}
