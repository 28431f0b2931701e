package io.rwkv.core.internal.events;

/** The time in which a model is loaded. */
public interface LoadSpan {
    /** The model is loaded. */
    void finish(String file, String engine, long weightBytes);
}
