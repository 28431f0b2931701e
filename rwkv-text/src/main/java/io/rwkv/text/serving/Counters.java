package io.rwkv.text.serving;

import io.rwkv.text.generation.Generation.Reason;

/** Counts what a service does. Safe for any number of threads. */
final class Counters {
    private final RateWindow generatedRate = new RateWindow();
    private final RateWindow promptRate = new RateWindow();
    private long submitted;
    private long rejected;
    private long completed;
    private long cancelled;
    private long expired;
    private long failed;
    private long steps;
    private int lastStepRows;
    private int lastStepSequences;
    private long generatedTokens;
    private long promptTokens;
    private long cachedTokens;
    private long firstTokens;
    private long firstTokenNanos;
    private long lastFirstTokenNanos;

    synchronized void submitted() {
        submitted++;
    }

    synchronized void rejected() {
        rejected++;
    }

    /** @param reason null if a request has ended with an exception */
    synchronized void ended(Reason reason) {
        if (reason == null) {
            failed++;
        } else if (reason == Reason.CANCELLED) {
            cancelled++;
        } else if (reason == Reason.DEADLINE) {
            expired++;
        } else {
            completed++;
        }
    }

    synchronized void step(int sequences, int rows) {
        steps++;
        lastStepSequences = sequences;
        lastStepRows = rows;
    }

    synchronized void generated() {
        generatedTokens++;
        generatedRate.add(1);
    }

    synchronized void read(int tokens) {
        promptTokens += tokens;
        promptRate.add(tokens);
    }

    synchronized void cached(int tokens) {
        cachedTokens += tokens;
    }

    synchronized void firstToken(long nanos) {
        firstTokens++;
        firstTokenNanos += nanos;
        lastFirstTokenNanos = nanos;
    }

    /** What they are now, beside these numbers of the scheduler's. */
    synchronized ServiceStatistics statistics(int queued, int running) {
        ServiceStatistics out = new ServiceStatistics();
        out.queued = queued;
        out.running = running;
        out.submitted = submitted;
        out.rejected = rejected;
        out.completed = completed;
        out.cancelled = cancelled;
        out.expired = expired;
        out.failed = failed;
        out.steps = steps;
        out.lastStepRows = lastStepRows;
        out.lastStepSequences = lastStepSequences;
        out.generatedTokens = generatedTokens;
        out.promptTokens = promptTokens;
        out.cachedTokens = cachedTokens;
        out.tokensPerSecond = generatedRate.perSecond();
        out.promptTokensPerSecond = promptRate.perSecond();
        out.meanFirstTokenNanos = firstTokens == 0 ? 0 : firstTokenNanos / firstTokens;
        out.lastFirstTokenNanos = lastFirstTokenNanos;
        return out;
    }
}
