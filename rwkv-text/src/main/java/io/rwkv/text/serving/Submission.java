package io.rwkv.text.serving;

import io.rwkv.text.generation.Generation;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/**
 * A request that a {@link GenerationService} has accepted, as a future of its result. Completes after the last piece of text was
 * given to the callback, with the result or with what {@link Generation.Request#run()} would throw, in a thread that runs callbacks.
 * The caller's state is free by then. Safe for any number of threads.
 *
 * <p>Cancelling it, or completing it in another way, ends the request before its next token or piece of prompt, or while it waits.
 */
public final class Submission extends CompletableFuture<Generation> {
    private final Scheduler scheduler;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final StringBuilder text = new StringBuilder(); // guarded by itself
    private volatile long queueNanos = -1;
    private volatile long firstTokenNanos = -1;

    Submission(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /**
     * Ends the request. Waits until it has left the batch, which takes one step at most, and until the callback has returned from
     * the text that there is; a callback does not wait. Then the caller's state is free, and ends where {@link #text()} does.
     *
     * @param mayInterruptIfRunning makes no difference
     * @return whether it is cancelled now
     */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        if (!scheduler.isWithin()) {
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return cancelled;
    }

    /** As {@link #cancel}, without waiting. */
    void cancelWithoutWaiting() {
        super.cancel(false);
    }

    /**
     * The new text so far. The callback may not have heard all of it yet. Once the request has ended, in whatever way, the caller's
     * state has read exactly the prompt and this text.
     */
    public String text() {
        synchronized (text) {
            return text.toString();
        }
    }

    /** How long it has waited to start; empty as long as it has not started. */
    public Optional<Duration> queueTime() {
        return duration(queueNanos);
    }

    /** The time from its submission until its first token was chosen; empty as long as there is none. */
    public Optional<Duration> timeToFirstToken() {
        return duration(firstTokenNanos);
    }

    private static Optional<Duration> duration(long nanos) {
        return nanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
    }

    void append(String piece) {
        synchronized (text) {
            text.append(piece);
        }
    }

    void started(long nanos) {
        queueNanos = nanos;
    }

    void firstToken(long nanos) {
        firstTokenNanos = nanos;
    }

    /** Completes it; first its state is free, then whoever waits for the result goes on. */
    void end(Generation result, Throwable thrown) {
        ended.countDown();
        if (thrown == null) {
            complete(result);
        } else {
            completeExceptionally(thrown);
        }
    }
}
