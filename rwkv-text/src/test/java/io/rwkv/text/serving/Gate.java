package io.rwkv.text.serving;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.Step;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A model whose calls a test lets through one by one, and which remembers what was read in each. */
final class Gate implements Batch.Forward, AutoCloseable {
    private final RwkvModel model;
    private final Semaphore permits = new Semaphore(0);
    private final Semaphore arrivals = new Semaphore(0);
    /** For each call: the tokens of each step. */
    final List<List<int[]>> calls = Collections.synchronizedList(new ArrayList<>());

    Gate(RwkvModel model) {
        this.model = model;
    }

    @Override
    public void forward(List<Step> steps) {
        List<int[]> tokens = new ArrayList<>();
        steps.forEach(step -> tokens.add(step.tokens().clone()));
        calls.add(tokens);
        arrivals.release();
        acquire(permits, 1);
        model.forward(steps);
    }

    /** Waits until so many more calls have come to the gate. */
    void await(int count) {
        acquire(arrivals, count);
    }

    /** Lets so many calls through. */
    void pass(int count) {
        permits.release(count);
    }

    /** Lets all calls through from now on. */
    void open() {
        permits.release(1_000_000);
    }

    /** Opens it, so that a service behind it can be closed whatever a test has found. */
    @Override
    public void close() {
        open();
    }

    /** A test that waits for what never comes is to fail, not to hang. */
    private static void acquire(Semaphore semaphore, int count) {
        try {
            if (!semaphore.tryAcquire(count, 30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nothing came to the gate, or nothing was let through");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
