package io.rwkv.core;

/**
 * A model's version and dimensions, as the names and shapes of its checkpoint's tensors give them. Immutable and safe for any
 * number of threads.
 *
 * @param version the architecture
 * @param layers the number of layers, L
 * @param width the embedding width, C
 * @param heads the number of heads, H, a divisor of C; 0 for RWKV-4, which has no heads
 * @param ffnWidth the number of hidden units in the channel mix
 * @param vocabularySize the number of tokens, V; ids run from 0 to V − 1
 */
public record RwkvConfig(RwkvVersion version, int layers, int width, int heads, int ffnWidth, int vocabularySize) {
    /**
     * Takes dimensions.
     *
     * @throws IllegalArgumentException if the number of heads does not divide the width, or is not 0 for RWKV-4
     */
    public RwkvConfig {
        boolean divided = version.hasHeads();
        if (divided ? heads < 1 || width % heads != 0 : heads != 0) {
            throw new IllegalArgumentException("heads: expected "
                    + (divided ? "a divisor of the width " + width : "0 for " + version) + ", found " + heads);
        }
    }

    /** The number of channels per head, N = C / H; 0 for RWKV-4. */
    public int headSize() {
        return heads == 0 ? 0 : width / heads;
    }
}
