package io.rwkv.core;

/** Hears how far the loading of a model is. Called by the loading thread, once for each tensor. */
@FunctionalInterface
public interface LoadProgress {
    /**
     * @param doneBytes bytes of weights taken over so far
     * @param totalBytes bytes of weights in all; the last call has {@code doneBytes == totalBytes}
     */
    void report(long doneBytes, long totalBytes);
}
