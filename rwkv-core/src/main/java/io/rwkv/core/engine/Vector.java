package io.rwkv.core.engine;

/** A small float32 parameter in an engine's own form, one value per channel. Immutable. */
public interface Vector {
    /** The number of channels. */
    int length();
}
