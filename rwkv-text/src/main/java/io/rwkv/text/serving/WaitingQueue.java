package io.rwkv.text.serving;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Requests that wait to start: the highest priority first; within one, the caller with the fewest running requests, and among
 * equals the one whose last start is longest ago; of one caller, in the order of submission. Not thread-safe.
 */
final class WaitingQueue {
    private final TreeMap<Integer, LinkedHashMap<Caller, ArrayDeque<Task>>> priorities = new TreeMap<>(
            Collections.reverseOrder());
    private int size;
    private long turn;

    int size() {
        return size;
    }

    void add(Task task) {
        priorities.computeIfAbsent(task.priority, p -> new LinkedHashMap<>())
                .computeIfAbsent(task.caller, c -> new ArrayDeque<>()).add(task);
        size++;
    }

    /** Takes the one that starts next; null if none waits. */
    Task poll() {
        if (size == 0) {
            return null;
        }
        Map<Caller, ArrayDeque<Task>> callers = priorities.firstEntry().getValue();
        Caller next = null;
        for (Caller caller : callers.keySet()) {
            if (next == null || caller.running < next.running
                    || caller.running == next.running && caller.startTurn < next.startTurn) {
                next = caller;
            }
        }
        next.startTurn = ++turn;
        Task task = callers.get(next).peek();
        remove(task);
        return task;
    }

    /** Takes one out; false if it is not here. */
    boolean remove(Task task) {
        Map<Caller, ArrayDeque<Task>> callers = priorities.get(task.priority);
        ArrayDeque<Task> tasks = callers == null ? null : callers.get(task.caller);
        if (tasks == null || !tasks.remove(task)) {
            return false;
        }
        size--;
        if (tasks.isEmpty()) {
            callers.remove(task.caller);
            if (callers.isEmpty()) {
                priorities.remove(task.priority);
            }
        }
        return true;
    }

    /** Adds all to a collection; they stay here. */
    void collect(Collection<? super Task> to) {
        priorities.values().forEach(callers -> callers.values().forEach(to::addAll));
    }
}
