package io.rwkv.text;

/** Is told how far the reading of texts has come. Called in the thread that reads, after each call of the model. */
@FunctionalInterface
public interface ReadProgress {
    /**
     * Takes a report. What it throws ends the reading and reaches its caller.
     *
     * @param doneTokens tokens read so far
     * @param totalTokens tokens in all
     */
    void report(long doneTokens, long totalTokens);
}
