package io.rwkv.text.serving;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * The way of one request's text to its callback: in order, one piece at a time, in threads of an executor, then what is to be done
 * at the end. Safe for any number of threads.
 */
final class Delivery implements Runnable {
    /** The scheduler whose callback this thread is running. Who waited for requests there might wait for itself. */
    private static final ThreadLocal<Object> WITHIN = new ThreadLocal<>();

    private final Consumer<? super String> onText;
    private final Executor executor;
    private final int most;
    private final Object owner;
    private final Runnable onChange;
    private final ArrayDeque<String> pieces = new ArrayDeque<>(); // guarded by this, as all below
    private boolean busy; // whether a thread delivers or is about to
    private boolean full;
    private Throwable thrown;
    private Runnable last;

    /**
     * @param most how many pieces may wait
     * @param owner see {@link #within}
     * @param onChange called, in any thread, when there is room again and when the callback has thrown
     */
    Delivery(Consumer<? super String> onText, Executor executor, int most, Object owner, Runnable onChange) {
        this.onText = onText;
        this.executor = executor;
        this.most = most;
        this.owner = owner;
        this.onChange = onChange;
    }

    /** Whether this thread is running a callback of this owner. */
    static boolean within(Object owner) {
        return WITHIN.get() == owner;
    }

    /** Delivers a piece; drops it if the callback has thrown. */
    void piece(String text) {
        synchronized (this) {
            if (thrown != null) {
                return;
            }
            pieces.add(text);
            full |= pieces.size() >= most;
        }
        work();
    }

    /** Whether so many pieces wait that no more should come for now. */
    synchronized boolean full() {
        return full;
    }

    /** What the callback threw; null if nothing. */
    synchronized Throwable thrown() {
        return thrown;
    }

    /** Runs this after the last piece. */
    void end(Runnable task) {
        synchronized (this) {
            last = task;
        }
        work();
    }

    private void work() {
        synchronized (this) {
            if (busy) {
                return;
            }
            busy = true;
        }
        try {
            executor.execute(this);
        } catch (RuntimeException | Error e) {
            fail(e);
            // Whoever waits for the end hears of it in any case, and not in the thread that serves all.
            OwnThreads.of(this, "rwkv-callback").start();
        }
    }

    @Override
    public void run() {
        Object outer = WITHIN.get();
        WITHIN.set(owner);
        try {
            deliver();
        } finally {
            if (outer == null) {
                WITHIN.remove();
            } else {
                WITHIN.set(outer);
            }
        }
    }

    private void deliver() {
        while (true) {
            String piece;
            Runnable end = null;
            boolean room = false;
            synchronized (this) {
                piece = pieces.poll();
                if (piece == null) {
                    end = last;
                    last = null;
                    busy = end != null; // nothing comes after the end
                }
                if (full && pieces.size() <= most / 2) {
                    full = false;
                    room = true;
                }
            }
            if (room) {
                onChange.run();
            }
            if (piece == null) {
                if (end != null) {
                    end.run();
                }
                return;
            }
            try {
                onText.accept(piece);
            } catch (Throwable e) { // whatever it is, it ends this request and no other
                fail(e);
            }
        }
    }

    private void fail(Throwable e) {
        synchronized (this) {
            if (thrown == null) {
                thrown = e;
            }
            pieces.clear();
            full = false;
        }
        onChange.run();
    }
}
