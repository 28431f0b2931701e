package io.rwkv.simd.internal.schedule;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed number of threads, the caller's among them, that share the items of one task at a time. Each thread begins with
 * a range of its own, in order, so that what it reads from memory can be read ahead; one that has done its range takes from
 * the ends of the others'. Waiting threads spin for a moment, since a model's next task comes in microseconds, and then
 * sleep. A caller that finds the team at work for another does its task alone.
 */
public final class ThreadTeam implements AutoCloseable {
    /** Work in numbered items, which are done at the same time or one after the other, neighbours mostly by one thread. */
    public interface Task {
        /** @param worker which thread of the team this is, from 0; two items at the same time never have the same */
        void run(int item, int worker);
    }

    private static final long SPIN_NANOS = 100_000;
    private static final int INDEX_BITS = 20;
    private static final int MAX_ITEMS = (1 << INDEX_BITS) - 1;
    private static final int APART = 16; // in words: two threads' ranges should not share cache lines, which come in pairs

    private final Worker[] workers;
    private final AtomicBoolean taken = new AtomicBoolean();
    // For each thread the number of the task, the end of its range and the next item in one word: a late thread that has the
    // last task in mind cannot take an item of this one. The first is written last, and tells of a new task.
    private final AtomicLongArray ranges;
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile Task task;
    private volatile boolean closed;

    /** @param threads the caller's included */
    public ThreadTeam(int threads) {
        ranges = new AtomicLongArray(threads * APART);
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
        }
        try {
            for (Worker worker : workers) {
                worker.start();
            }
        } catch (OutOfMemoryError e) { // or of threads
            close();
            throw e;
        }
    }

    /** The number of threads, the caller's included. */
    public int size() {
        return workers.length + 1;
    }

    /** Does all items and returns when they are done. The first failure of an item is thrown here. */
    public void run(int items, Task work) {
        if (items > MAX_ITEMS) {
            throw new IllegalArgumentException("expected at most " + MAX_ITEMS + " items, found " + items);
        }
        if (items == 1 || workers.length == 0 || !taken.compareAndSet(false, true)) {
            for (int i = 0; i < items; i++) {
                work.run(i, 0);
            }
            return;
        }
        try {
            task = work;
            done.set(0);
            long number = number() + 1;
            for (int i = workers.length; i >= 0; i--) {
                long from = (long) items * i / size();
                long to = (long) items * (i + 1) / size();
                ranges.set(i * APART, number << 2 * INDEX_BITS | to << INDEX_BITS | from);
            }
            for (Worker worker : workers) {
                worker.wake();
            }
            doItems(0, number());
            for (int spins = 0; done.get() < items; spins++) {
                pause(spins);
            }
            task = null;
            Throwable thrown = failure.getAndSet(null);
            // As it is: what it says, of a damaged file for instance, is meant for the caller.
            if (thrown instanceof Error e) {
                throw e;
            }
            if (thrown != null) {
                throw (RuntimeException) thrown; // items throw nothing else
            }
        } finally {
            taken.set(false);
        }
    }

    private static void pause(int spins) {
        // A thread of the team may have lost its processor to another program.
        if (spins > 10_000) {
            Thread.yield();
        } else {
            Thread.onSpinWait();
        }
    }

    /** The number of the last task, of which as many bits are kept as a range has for it. */
    private long number() {
        return ranges.get(0) >>> 2 * INDEX_BITS;
    }

    /** Does items of a task, if it is still under way, until there are none left to take. */
    private void doItems(int worker, long number) {
        int did = 0;
        for (int i = 0; i < size(); i++) {
            int range = (worker + i) % size() * APART;
            while (true) {
                long claim = ranges.get(range);
                int next = (int) claim & MAX_ITEMS;
                int end = (int) (claim >>> INDEX_BITS) & MAX_ITEMS;
                if (next >= end || claim >>> 2 * INDEX_BITS != number) {
                    break;
                }
                boolean own = i == 0;
                if (ranges.compareAndSet(range, claim, own ? claim + 1 : claim - (1L << INDEX_BITS))) {
                    doItem(own ? next : end - 1, worker);
                    did++;
                }
            }
        }
        // At once for all: the counter is the same for all threads.
        done.addAndGet(did);
    }

    private void doItem(int item, int worker) {
        try {
            // Not replaced before this item is done.
            task.run(item, worker);
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
        }
    }

    /** No task may be under way. */
    @Override
    public void close() {
        closed = true;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
        }
    }

    private final class Worker extends Thread {
        private final int number;
        private volatile boolean asleep;

        Worker(int number) {
            // Nothing of the thread that opens a model: neither its class loader nor its thread-local variables.
            super(null, null, "rwkv-simd-" + number, 0, false);
            this.number = number;
            setDaemon(true);
        }

        void wake() {
            if (asleep) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            long seen = 0;
            while (!closed) {
                long task = number();
                if (task != seen) {
                    seen = task;
                    doItems(number, task);
                } else {
                    await(seen);
                }
            }
        }

        private void await(long seen) {
            long start = System.nanoTime();
            for (int spins = 1; number() == seen && !closed; spins++) {
                Thread.onSpinWait();
                if (spins % 64 == 0 && System.nanoTime() - start > SPIN_NANOS) {
                    asleep = true;
                    if (number() == seen && !closed) {
                        LockSupport.park(ThreadTeam.this);
                    }
                    asleep = false;
                    start = System.nanoTime();
                }
            }
        }
    }
}
