package io.rwkv.text.chat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** A reply that comes in a thread of its own. Cancelling it waits for the thread to let go of the session. */
final class ReplyFuture extends CompletableFuture<ChatReply> {
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile Thread thread;
    private volatile Thread inCallback; // which must not wait for itself

    private ReplyFuture() {
    }

    /** Claims the session and begins; if it is in use, the future has failed already. */
    static ReplyFuture start(ChatRequest request, ReplySplitter.Sink onAnswer) {
        ReplyFuture future = new ReplyFuture();
        try {
            request.session.claim();
        } catch (IllegalStateException e) {
            future.ended.countDown();
            future.completeExceptionally(e);
            return future;
        }
        ChatRequest cancellable = request.cancelledAlsoWhen(future::isDone).onThought(piece -> {
            future.inCallback = Thread.currentThread();
            request.onThought.accept(piece);
            future.inCallback = null;
        });
        Thread thread = new Thread(() -> future.run(cancellable, piece -> {
            future.inCallback = Thread.currentThread();
            boolean taken = onAnswer.take(piece);
            future.inCallback = null;
            return taken;
        }), "rwkv-chat");
        thread.setDaemon(true);
        future.thread = thread;
        boolean started = false;
        try {
            thread.start();
            started = true;
        } finally {
            if (!started) {
                request.session.release();
            }
        }
        return future;
    }

    private void run(ChatRequest request, ReplySplitter.Sink onAnswer) {
        ChatReply reply = null;
        Throwable thrown = null;
        try {
            reply = request.session.converse(request, onAnswer);
        } catch (RuntimeException | Error e) {
            thrown = e;
        } finally {
            // First the session is free, then whoever waits for the result goes on.
            request.session.release();
            ended.countDown();
        }
        if (thrown == null) {
            complete(reply);
        } else {
            completeExceptionally(thrown);
        }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        if (Thread.currentThread() != thread && Thread.currentThread() != inCallback) {
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return cancelled;
    }
}
