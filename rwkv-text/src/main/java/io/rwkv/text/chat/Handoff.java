package io.rwkv.text.chat;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Hands pieces of text from one thread to another, one at a time. Interruptions do not end the waiting: what is waited for is the
 * model's next piece, or the caller's wish for one. Safe for two threads.
 */
final class Handoff {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private String piece; // guarded by the lock, as all below
    private boolean closed; // by the taker
    private boolean ended; // by the giver

    /**
     * Gives a piece and waits until it is taken.
     *
     * @return false if it will not be taken
     */
    boolean give(String text) {
        lock.lock();
        try {
            piece = text;
            changed.signalAll();
            while (piece != null && !closed) {
                changed.awaitUninterruptibly();
            }
            boolean taken = piece == null;
            piece = null;
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the next piece; null if there is none. */
    String take() {
        lock.lock();
        try {
            while (piece == null && !ended) {
                changed.awaitUninterruptibly();
            }
            String text = piece;
            piece = null;
            changed.signalAll();
            return text;
        } finally {
            lock.unlock();
        }
    }

    /** No more pieces come. */
    void end() {
        set(() -> ended = true);
    }

    /** No more pieces are wanted. */
    void close() {
        set(() -> closed = true);
    }

    private void set(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
