package io.rwkv.text.chat;

import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Publishes the pieces of a reply; each subscriber has a reply of its own. */
final class ReplyPublisher implements Flow.Publisher<String> {
    private final ChatRequest request;

    ReplyPublisher(ChatRequest request) {
        this.request = request;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super String> subscriber) {
        Subscription subscription = new Subscription(Objects.requireNonNull(subscriber, "subscriber"));
        subscriber.onSubscribe(subscription);
        subscription.start(request);
    }

    /** The pieces are given in the thread of the reply, or in the service's for callbacks; always one after another. */
    private static final class Subscription implements Flow.Subscription {
        private final Flow.Subscriber<? super String> subscriber;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private long demand; // guarded by the lock, as all below
        private boolean cancelled;
        private Throwable wrong; // of the subscriber's

        Subscription(Flow.Subscriber<? super String> subscriber) {
            this.subscriber = subscriber;
        }

        void start(ChatRequest request) {
            ReplyFuture.start(request.cancelledAlsoWhen(this::isCancelled), this::give).whenComplete(this::end);
        }

        private boolean isCancelled() {
            lock.lock();
            try {
                return cancelled;
            } finally {
                lock.unlock();
            }
        }

        /** Waits until the subscriber wants a piece, and gives it. False if it wants no more. */
        private boolean give(String piece) {
            lock.lock();
            try {
                while (demand == 0 && !cancelled) {
                    changed.awaitUninterruptibly();
                }
                if (cancelled) {
                    return false;
                }
                demand -= demand == Long.MAX_VALUE ? 0 : 1;
            } finally {
                lock.unlock();
            }
            subscriber.onNext(piece);
            return true;
        }

        private void end(ChatReply reply, Throwable thrown) {
            Throwable problem;
            boolean silent;
            lock.lock();
            try {
                problem = wrong != null ? wrong : thrown;
                silent = cancelled && wrong == null;
                cancelled = true;
            } finally {
                lock.unlock();
            }
            if (problem != null && !silent) {
                subscriber.onError(problem);
            } else if (!silent) {
                subscriber.onComplete();
            }
        }

        @Override
        public void request(long count) {
            lock.lock();
            try {
                if (count <= 0 && !cancelled) {
                    wrong = new IllegalArgumentException("request: expected more than 0, found " + count);
                    cancelled = true;
                }
                demand = demand + count < 0 ? Long.MAX_VALUE : demand + Math.max(count, 0);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void cancel() {
            lock.lock();
            try {
                cancelled = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
