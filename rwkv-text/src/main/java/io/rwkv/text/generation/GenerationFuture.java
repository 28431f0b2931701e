package io.rwkv.text.generation;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** A generation in a thread of its own. Cancelling it waits for the thread to let go of the state. */
final class GenerationFuture extends CompletableFuture<Generation> {
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;

    GenerationFuture(Generation.Request request, Consumer<? super String> onText) {
        Generation.Request cancellable = request.cancelledAlsoWhen(this::isDone);
        thread = new Thread(() -> {
            Generation result = null;
            Throwable thrown = null;
            try {
                result = cancellable.run(onText);
            } catch (RuntimeException | Error e) {
                thrown = e;
            }
            // First the state is free, then whoever waits for the result goes on.
            ended.countDown();
            if (thrown == null) {
                complete(result);
            } else {
                completeExceptionally(thrown);
            }
        }, "rwkv-generation");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        if (Thread.currentThread() != thread) {
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return cancelled;
    }
}
