package io.rwkv.core.internal.model;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.function.Supplier;

/**
 * Lends calls what they need and hand back. There are never more than were lent at once; those not in use go when memory is
 * short, the longest unused first, or with the model. Thread-safe.
 */
final class Pool<T extends Pool.Member> {
    private final Supplier<T> make;
    private final ArrayDeque<SoftReference<Member>> idle = new ArrayDeque<>(); // the last used at the end; guarded by itself
    private boolean closed; // guarded by idle

    /** What a pool lends. */
    abstract static class Member {
        /** By which the idle are held: memory that is short takes them. Made once, for no token needs a new one. */
        final SoftReference<Member> idle = new SoftReference<>(this);

        /** After the call, failed or not: holds on to nothing of it. */
        abstract void end();
    }

    Pool(Supplier<T> make) {
        this.make = make;
    }

    /** One that belongs to the caller until it is given back. */
    @SuppressWarnings("unchecked") // it holds only what it has made
    T lend() {
        synchronized (idle) {
            while (!idle.isEmpty()) {
                Member member = idle.removeLast().get();
                if (member != null) {
                    return (T) member;
                }
            }
        }
        return make.get();
    }

    /** After the call, failed or not. */
    void giveBack(T member) {
        member.end();
        synchronized (idle) {
            if (!closed) {
                idle.addLast(member.idle);
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
