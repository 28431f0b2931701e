package io.rwkv.text.chat;

import io.rwkv.text.generation.Generation;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.PrefixCache;
import io.rwkv.text.serving.ServiceRequest;
import io.rwkv.text.serving.Submission;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Runs a session's requests to their ends, in the calling thread or through a service. Safe for any number of threads. */
final class ChatRunner {
    /** In the calling thread. */
    static final ChatRunner ALONE = new ChatRunner(null, null);

    private final GenerationService service; // null for none
    private final UnaryOperator<ServiceRequest> how;

    /** @param how gives each request its priority, deadline and caller */
    ChatRunner(GenerationService service, UnaryOperator<ServiceRequest> how) {
        this.service = service;
        this.how = how;
    }

    /** The cache for states that have to be built; null if there is none. */
    PrefixCache cache() {
        return service == null ? null : service.prefixCache().orElse(null);
    }

    /**
     * Runs a request. If the waiting thread is interrupted, the request is cancelled, and the thread stays interrupted.
     *
     * @param request has a state, which is free when this returns, unless it throws
     * @throws RuntimeException what {@link Generation.Request#run(Consumer)} and {@link GenerationService#submit} throw
     */
    Generation run(Generation.Request request, BooleanSupplier cancelled,
            Consumer<? super String> onText) {
        if (service == null) {
            return request.cancelledWhen(cancelled).run(onText);
        }
        AtomicBoolean interrupted = new AtomicBoolean();
        Submission submission = service.submit(
                how.apply(ServiceRequest
                        .of(request.cancelledWhen(() -> interrupted.get() || cancelled.getAsBoolean()))),
                onText);
        try {
            while (true) {
                try {
                    return submission.get();
                } catch (InterruptedException e) {
                    interrupted.set(true);
                }
            }
        } catch (CancellationException e) { // the session itself ends requests by their condition
            throw new IllegalStateException("the service has cancelled the reply: it is being shut down", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause()); // from a callback that throws what it does not declare
        } finally {
            if (interrupted.get()) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
