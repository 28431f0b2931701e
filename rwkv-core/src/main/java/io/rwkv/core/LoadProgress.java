package io.rwkv.core;

/**
 * Hears how far the loading or the conversion of a model is. Called by the thread that does it, once or more for each tensor.
 */
@FunctionalInterface
public interface LoadProgress {
    /**
     * @param doneBytes bytes of weights taken over, or written, so far
     * @param totalBytes bytes of weights in all; the last call has {@code doneBytes == totalBytes}
     */
    void report(long doneBytes, long totalBytes);
}
