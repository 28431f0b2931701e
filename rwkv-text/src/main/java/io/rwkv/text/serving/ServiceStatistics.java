package io.rwkv.text.serving;

import java.time.Duration;

/**
 * What a {@link GenerationService} has done and is doing, at one moment. Does not change, and is safe for any number of threads. Totals
 * count from the service's opening.
 */
public final class ServiceStatistics {
    int queued;
    int running;
    long submitted;
    long rejected;
    long completed;
    long cancelled;
    long expired;
    long failed;
    long steps;
    int lastStepRows;
    int lastStepSequences;
    long generatedTokens;
    long promptTokens;
    long cachedTokens;
    double tokensPerSecond;
    double promptTokensPerSecond;
    long meanFirstTokenNanos;
    long lastFirstTokenNanos;

    ServiceStatistics() {
    }

    /** Requests that wait to start. */
    public int queued() {
        return queued;
    }

    /** Requests that run: at most {@link ServiceOptions#maxSequences()}. */
    public int running() {
        return running;
    }

    /** Requests accepted, in all. */
    public long submitted() {
        return submitted;
    }

    /** Requests rejected because the queue was full or the service closed. */
    public long rejected() {
        return rejected;
    }

    /** Requests that ended by themselves: with all their tokens, a stop token or a stop string. */
    public long completed() {
        return completed;
    }

    /** Requests that were cancelled, by their future or their condition. */
    public long cancelled() {
        return cancelled;
    }

    /** Requests that ended because their deadline passed. */
    public long expired() {
        return expired;
    }

    /** Requests that ended with an exception. */
    public long failed() {
        return failed;
    }

    /** Steps so far: calls of the model for all running sequences together. */
    public long steps() {
        return steps;
    }

    /** The tokens read in the last step: one for each sequence that generates, and those of prompts. */
    public int lastStepRows() {
        return lastStepRows;
    }

    /** The sequences of the last step. */
    public int lastStepSequences() {
        return lastStepSequences;
    }

    /** Tokens generated, in all. */
    public long generatedTokens() {
        return generatedTokens;
    }

    /** Tokens of prompts read, in all. */
    public long promptTokens() {
        return promptTokens;
    }

    /** Tokens of prompts that the prefix cache knew, so that they were not read, in all. */
    public long cachedTokens() {
        return cachedTokens;
    }

    /** Tokens generated per second, over the last 10 to 11 seconds. */
    public double tokensPerSecond() {
        return tokensPerSecond;
    }

    /** Tokens of prompts read per second, over the last 10 to 11 seconds. */
    public double promptTokensPerSecond() {
        return promptTokensPerSecond;
    }

    /** The mean time from a request's submission to its first token; 0 if there was none. */
    public Duration meanTimeToFirstToken() {
        return Duration.ofNanos(meanFirstTokenNanos);
    }

    /** The time from submission to the first token of the request that had its first token last; 0 if there was none. */
    public Duration lastTimeToFirstToken() {
        return Duration.ofNanos(lastFirstTokenNanos);
    }

    @Override
    public String toString() {
        return "ServiceStatistics[" + running + " running, " + queued + " queued, " + completed + " completed, "
                + cancelled + " cancelled, " + expired + " expired, " + failed + " failed, " + rejected + " rejected, "
                + generatedTokens + " tokens]";
    }
}
