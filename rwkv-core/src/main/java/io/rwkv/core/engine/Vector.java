package io.rwkv.core.engine;

/**
 * A small float32 parameter [length] in an engine's own form, one value per channel. Immutable and safe for any number of threads;
 * belongs to the {@link Engine} that made it.
 */
public interface Vector {
    /** The number of channels. */
    int length();
}
