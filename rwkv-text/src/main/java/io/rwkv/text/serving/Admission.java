package io.rwkv.text.serving;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;

/** Who waits, how many run, and whose futures are open. Not thread-safe: the scheduler's lock guards it. */
final class Admission {
    private final int maxSequences;
    private final int queueCapacity;
    private final WaitingQueue waiting = new WaitingQueue();
    private final Map<String, Caller> callers = new HashMap<>();
    private final Set<Task> open = new LinkedHashSet<>();
    private int running;

    Admission(ServiceOptions options) {
        maxSequences = options.maxSequences();
        queueCapacity = options.queueCapacity();
    }

    /** @throws RejectedExecutionException if the queue is full */
    void checkRoom() {
        // What waits while others could run has only not been looked at yet.
        if (waiting.size() >= queueCapacity + (maxSequences - running)) {
            throw new RejectedExecutionException("queue is full: " + running + " of " + maxSequences
                    + " requests run, " + waiting.size() + " wait, " + queueCapacity + " may wait");
        }
    }

    Caller caller(String name) {
        return callers.computeIfAbsent(name, Caller::new);
    }

    /** Takes a task in, which has still to be put into the queue if it is to run. */
    void open(Task task) {
        open.add(task);
        task.caller.requests++;
    }

    void enqueue(Task task) {
        waiting.add(task);
    }

    /** Takes a task out of the queue; false if it is not there. */
    boolean dequeue(Task task) {
        return waiting.remove(task);
    }

    /** Takes the next task out of the queue to run; null if none waits, or as many run as may. */
    Task next() {
        Task task = running < maxSequences ? waiting.poll() : null;
        if (task != null) {
            running++;
            task.caller.running++;
        }
        return task;
    }

    /** Whether there is a next task. */
    boolean hasNext() {
        return waiting.size() > 0 && running < maxSequences;
    }

    /** A task runs no longer. */
    void left(Task task) {
        running--;
        task.caller.running--;
    }

    /** A task's future is completed. */
    void close(Task task) {
        open.remove(task);
        if (--task.caller.requests == 0) {
            callers.remove(task.caller.name);
        }
    }

    /** Whether nothing waits or runs. */
    boolean isIdle() {
        return running == 0 && waiting.size() == 0;
    }

    int waiting() {
        return waiting.size();
    }

    int running() {
        return running;
    }

    /** Those that wait, in a new list. */
    List<Task> waitingTasks() {
        List<Task> tasks = new ArrayList<>();
        waiting.collect(tasks);
        return tasks;
    }

    /** Those whose futures are open, in a new list. */
    List<Task> openTasks() {
        return List.copyOf(open);
    }

    boolean hasOpen() {
        return !open.isEmpty();
    }
}
