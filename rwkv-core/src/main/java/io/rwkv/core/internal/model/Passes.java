package io.rwkv.core.internal.model;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;

/**
 * Lends each call its {@link Pass}. There are never more than calls were under way at once, however many states there are; those
 * not in use go when memory is short, the longest unused first, or with the model. Thread-safe.
 */
final class Passes {
    private final StateLayout layout;
    private final ArrayDeque<SoftReference<Pass>> idle = new ArrayDeque<>(); // the last used at the end; guarded by itself
    private boolean closed; // guarded by idle

    Passes(StateLayout layout) {
        this.layout = layout;
    }

    /** One that belongs to the caller until it is given back. */
    Pass lend() {
        synchronized (idle) {
            while (!idle.isEmpty()) {
                Pass pass = idle.removeLast().get();
                if (pass != null) {
                    return pass;
                }
            }
        }
        return new Pass(layout);
    }

    /** After the call, failed or not. */
    void giveBack(Pass pass) {
        pass.end();
        synchronized (idle) {
            if (!closed) {
                idle.addLast(pass.idle);
            }
        }
    }

    /** Forgets them all; what is given back from now on is forgotten, too. */
    void close() {
        synchronized (idle) {
            closed = true;
            idle.clear();
        }
    }
}
