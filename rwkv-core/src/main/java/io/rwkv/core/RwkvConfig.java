package io.rwkv.core;

import java.util.Objects;

/**
 * A model's version and dimensions, as the names and shapes of its checkpoint's tensors give them. Two with the same values are
 * equal. Immutable and safe for any number of threads.
 */
public final class RwkvConfig {
    private final RwkvVersion version;
    private final int layers;
    private final int width;
    private final int heads;
    private final int ffnWidth;
    private final int vocabularySize;

    /**
     * Takes dimensions.
     *
     * @param version the architecture
     * @param layers the number of layers, L
     * @param width the embedding width, C
     * @param heads the number of heads, H, a divisor of C; 0 for RWKV-4, which has no heads
     * @param ffnWidth the number of hidden units in the channel mix
     * @param vocabularySize the number of tokens, V; ids run from 0 to V − 1
     * @throws IllegalArgumentException if the number of heads does not divide the width, or is not 0 for RWKV-4
     */
    public RwkvConfig(RwkvVersion version, int layers, int width, int heads, int ffnWidth, int vocabularySize) {
        boolean divided = version.hasHeads();
        if (divided ? heads < 1 || width % heads != 0 : heads != 0) {
            throw new IllegalArgumentException("heads: expected "
                    + (divided ? "a divisor of the width " + width : "0 for " + version) + ", found " + heads);
        }
        this.version = version;
        this.layers = layers;
        this.width = width;
        this.heads = heads;
        this.ffnWidth = ffnWidth;
        this.vocabularySize = vocabularySize;
    }

    /** The architecture. */
    public RwkvVersion version() {
        return version;
    }

    /** The number of layers, L. */
    public int layers() {
        return layers;
    }

    /** The embedding width, C. */
    public int width() {
        return width;
    }

    /** The number of heads, H, a divisor of C; 0 for RWKV-4, which has no heads. */
    public int heads() {
        return heads;
    }

    /** The number of channels per head, N = C / H; 0 for RWKV-4. */
    public int headSize() {
        return heads == 0 ? 0 : width / heads;
    }

    /** The number of hidden units in the channel mix. */
    public int ffnWidth() {
        return ffnWidth;
    }

    /** The number of tokens, V; ids run from 0 to V − 1. */
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RwkvConfig that && version == that.version && layers == that.layers
                && width == that.width && heads == that.heads && ffnWidth == that.ffnWidth
                && vocabularySize == that.vocabularySize;
    }

    @Override
    public int hashCode() {
        return Objects.hash(version, layers, width, heads, ffnWidth, vocabularySize);
    }

    @Override
    public String toString() {
        return "RwkvConfig[version=" + version + ", layers=" + layers + ", width=" + width + ", heads=" + heads
                + ", ffnWidth=" + ffnWidth + ", vocabularySize=" + vocabularySize + "]";
    }
}
