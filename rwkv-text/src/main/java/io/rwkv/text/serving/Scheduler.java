package io.rwkv.text.serving;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.internal.GenerationAccess;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Accepts requests, and runs them in a thread of its own: a {@link Batch} takes steps as long as there is something to do. The
 * thread begins with the first request and ends when there has been none for a while, so that a service that is forgotten can be
 * collected. Safe for any number of threads.
 */
final class Scheduler {
    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);
    private static final long IDLE_NANOS = 5_000_000_000L;
    // So often are callers' conditions asked when no step asks them.
    private static final long POLL_NANOS = 20_000_000;

    private final ServiceOptions options;
    private final RwkvModel model;
    private final Executor executor;
    private final Runnable onTermination;
    private final Counters counters = new Counters();
    private final Batch batch; // for the thread

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition terminated = lock.newCondition();
    // Guarded by the lock, like all below. Nothing of others' is called with it: no callback, no condition, no executor.
    private final Admission admission;
    private boolean woken;
    private boolean shutdown;
    private volatile Thread thread; // null while there is none; read without the lock too

    /** @param onTermination called once, when the service is closed and nothing is left to do */
    Scheduler(RwkvModel model, Batch.Forward forward, ServiceOptions options, PrefixCache cache, Executor executor,
            Runnable onTermination) {
        this.model = model;
        this.options = options;
        this.executor = executor;
        this.onTermination = onTermination;
        this.batch = new Batch(model, forward, options, cache, counters, this::left, this::queued);
        this.admission = new Admission(options);
    }

    /** See {@link GenerationService#submit(ServiceRequest, Consumer)}. */
    Submission submit(ServiceRequest what, Consumer<? super String> onText) {
        if (GenerationAccess.get().model(what.request()) != model) {
            throw new IllegalArgumentException("request: expected one for the service's model, found another one's");
        }
        Submission submission = new Submission(this);
        Delivery delivery = new Delivery(onText, executor, options.backlog(), this, this::wake);
        Task task;
        lock.lock();
        try {
            checkAccepts();
            task = new Task(what, submission, delivery, admission.caller(what.caller()), options);
            admission.open(task);
            if (task.claim()) {
                admission.enqueue(task);
                awake();
            }
        } finally {
            lock.unlock();
        }
        counters.submitted();
        if (task.thrown != null) {
            end(task, null);
        }
        // Whoever completes the future ends the request: in the queue at once, in the batch by its next step.
        submission.whenComplete((result, thrown) -> completed(task));
        return submission;
    }

    private void checkAccepts() {
        try {
            if (shutdown) {
                throw new RejectedExecutionException("service is closed");
            }
            admission.checkRoom();
        } catch (RejectedExecutionException e) {
            counters.rejected();
            throw e;
        }
    }

    /** Has the thread look for something to do. */
    void wake() {
        lock.lock();
        try {
            awake();
        } finally {
            lock.unlock();
        }
    }

    private void awake() {
        woken = true;
        if (thread == null && !admission.isIdle()) {
            thread = OwnThreads.of(this::run, "rwkv-service");
            thread.start();
        }
        work.signal();
    }

    /** Whether this thread must not wait for requests: it runs them, or a callback of one. */
    boolean isWithin() {
        return Thread.currentThread() == thread || Delivery.within(this);
    }

    /** After a future was completed, by whomever. */
    private void completed(Task task) {
        if (task.finished) {
            return;
        }
        boolean waited;
        lock.lock();
        try {
            waited = admission.dequeue(task);
            awake();
        } finally {
            lock.unlock();
        }
        if (waited) {
            end(task, Reason.CANCELLED);
        }
    }

    private void run() {
        try {
            while (awaitWork()) {
                batch.endDue();
                dropDue();
                startWaiting();
                batch.step();
            }
        } catch (Throwable e) { // a fault of this class
            LOG.error("the service ends", e);
            abandon(e);
        }
    }

    /** Waits until there is something to do. False if the thread is to end. */
    private boolean awaitWork() {
        lock.lock();
        try {
            boolean late = false;
            while (!woken && !batch.ready() && !admission.hasNext()) {
                boolean idle = admission.isIdle();
                if (idle && (shutdown || late)) {
                    thread = null;
                    terminateIfDone();
                    return false;
                }
                if (late) {
                    return true; // for a deadline, or to ask a condition
                }
                try {
                    late = work.awaitNanos(idle ? IDLE_NANOS : nextLook()) <= 0;
                } catch (InterruptedException e) {
                    continue; // a callback or condition has left it behind
                }
            }
            woken = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** All that run are paused: the time until a deadline passes or a condition is to be asked, in nanoseconds. */
    private long nextLook() {
        List<Task> tasks = admission.waitingTasks();
        tasks.addAll(batch.running());
        long nanos = Long.MAX_VALUE;
        long now = System.nanoTime();
        for (Task task : tasks) {
            if (task.hasCondition()) {
                nanos = Math.min(nanos, POLL_NANOS);
            }
            if (task.hasDeadline) {
                nanos = Math.min(nanos, task.deadline - now);
            }
        }
        return nanos;
    }

    /** Drops waiting requests that are late or no longer wanted. */
    private void dropDue() {
        for (Task task : waiting()) {
            Reason reason = null;
            Throwable thrown = null;
            try {
                reason = task.interruption();
            } catch (Throwable e) {
                thrown = e;
            }
            if ((reason != null || thrown != null) && dequeue(task)) {
                task.thrown = thrown;
                end(task, reason);
            }
        }
    }

    private List<Task> waiting() {
        lock.lock();
        try {
            return admission.waitingTasks();
        } finally {
            lock.unlock();
        }
    }

    private boolean dequeue(Task task) {
        lock.lock();
        try {
            return admission.dequeue(task);
        } finally {
            lock.unlock();
        }
    }

    private int queued() {
        lock.lock();
        try {
            return admission.waiting();
        } finally {
            lock.unlock();
        }
    }

    private void startWaiting() {
        for (Task task = next(); task != null; task = next()) {
            batch.start(task);
        }
    }

    private Task next() {
        lock.lock();
        try {
            return admission.next();
        } finally {
            lock.unlock();
        }
    }

    /** After a task has left the batch. */
    private void left(Task task) {
        lock.lock();
        try {
            admission.left(task);
        } finally {
            lock.unlock();
        }
        end(task, task.sequence == null ? null : task.sequence.reason());
    }

    /** Frees the state of a task that goes no further, and has its future completed after its text. */
    private void end(Task task, Reason reason) {
        task.finished = true;
        task.release();
        Generation result = task.thrown == null ? task.result(reason) : null;
        task.delivery.end(() -> complete(task, result));
    }

    private void complete(Task task, Generation result) {
        Throwable thrown = task.thrown != null ? task.thrown : task.delivery.thrown();
        counters.ended(task.submission.isDone() ? Reason.CANCELLED : thrown != null ? null : result.reason());
        try {
            task.submission.end(result, thrown);
        } finally {
            lock.lock();
            try {
                admission.close(task);
                terminateIfDone();
            } finally {
                lock.unlock();
            }
        }
    }

    private void terminateIfDone() {
        if (isDone()) {
            onTermination.run();
            terminated.signalAll();
        }
    }

    private boolean isDone() {
        return shutdown && thread == null && !admission.hasOpen();
    }

    /** After a fault that is no request's. */
    private void abandon(Throwable fault) {
        shutdown();
        for (Task task : waiting()) {
            if (dequeue(task)) {
                task.thrown = fault;
                end(task, null);
            }
        }
        batch.failAll(fault);
        lock.lock();
        try {
            thread = null;
            terminateIfDone();
        } finally {
            lock.unlock();
        }
    }

    /** Accepts no more; what was accepted runs to its end. */
    void shutdown() {
        lock.lock();
        try {
            if (!shutdown) {
                shutdown = true;
                awake();
                terminateIfDone();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Accepts no more, and cancels what was accepted. Does not wait for it. */
    void shutdownNow() {
        shutdown();
        List<Task> tasks;
        lock.lock();
        try {
            tasks = admission.openTasks();
        } finally {
            lock.unlock();
        }
        tasks.forEach(task -> task.submission.cancelWithoutWaiting());
    }

    boolean isShutdown() {
        lock.lock();
        try {
            return shutdown;
        } finally {
            lock.unlock();
        }
    }

    boolean isTerminated() {
        lock.lock();
        try {
            return isDone();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the end of all that was accepted, after {@link #shutdown}. False if the time has passed before. */
    boolean awaitTermination(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (!isDone()) {
                if (left <= 0) {
                    return false;
                }
                left = terminated.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    ServiceStatistics statistics() {
        lock.lock();
        try {
            return counters.statistics(admission.waiting(), admission.running());
        } finally {
            lock.unlock();
        }
    }
}
