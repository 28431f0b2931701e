package io.rwkv.text.chat;

import java.util.Spliterator;
import java.util.Spliterators.AbstractSpliterator;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A reply that comes in a thread of its own, and is pulled piece by piece by another one. */
final class ReplyStream extends AbstractSpliterator<String> {
    private final Handoff handoff = new Handoff();
    private final ReplyFuture future;
    private volatile boolean closed; // by whoever has the stream

    private ReplyStream(ChatRequest request) {
        super(Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL);
        future = ReplyFuture.start(request, handoff::give);
        future.whenComplete((reply, thrown) -> handoff.end());
    }

    static Stream<String> of(ChatRequest request) {
        ReplyStream stream = new ReplyStream(request);
        stream.throwIfFailed(); // the session was in use
        return StreamSupport.stream(stream, false).onClose(stream::close);
    }

    @Override
    public boolean tryAdvance(Consumer<? super String> action) {
        String piece = handoff.take();
        if (piece == null) {
            throwIfFailed();
            return false;
        }
        try {
            action.accept(piece);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
        return true;
    }

    private void throwIfFailed() {
        if (future.isCompletedExceptionally() && !closed) {
            try {
                future.join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw (Error) e.getCause();
            }
        }
    }

    private void close() {
        closed = true;
        handoff.close();
        future.cancel(false);
    }
}
