package io.rwkv.core;

/**
 * Is told how far the loading or the conversion of a model has come. Called in the thread that loads or converts, once or
 * more for each tensor.
 */
@FunctionalInterface
public interface LoadProgress {
    /**
     * Takes a report. What it throws ends the loading or the conversion and reaches its caller.
     *
     * @param doneBytes bytes of weights loaded, or written, so far
     * @param totalBytes bytes of weights in all; the last call has {@code doneBytes == totalBytes}
     */
    void report(long doneBytes, long totalBytes);
}
