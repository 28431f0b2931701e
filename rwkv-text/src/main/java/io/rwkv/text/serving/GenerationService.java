package io.rwkv.text.serving;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.internal.GenerationAccess;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Runs many requests on one model at once. Each step reads the next token of all running requests in one call of the model, so that
 * its weights are read once for all of them. Opened by {@link io.rwkv.text.TextModel#serve}; the caller closes it, before the model.
 * Safe for any number of threads.
 *
 * <pre>{@code
 * try (GenerationService service = rwkv.serve(ServiceOptions.builder().maxSequences(64).build())) {
 *     Submission submission = service.submit(rwkv.request("Once upon a time"), piece -> send(piece));
 *     …
 * }
 * }</pre>
 *
 * <p><b>Results.</b> A request gets the text that {@link Generation.Request#run()} gives, at the same seed, whatever runs beside it, as
 * far as the engine computes the same bits for one row as for many; otherwise up to rounding, which can change what is chosen. Its
 * state moves in the same way. From its submission to its end the caller's state belongs to it.
 *
 * <p><b>Steps.</b> Requests join and leave between two steps. A step reads one token of each request that generates, and beside
 * them at most {@link ServiceOptions#promptRows()} tokens of prompts, so that a long prompt does not hold the others up. Who waits
 * starts in the order that {@link ServiceRequest#priority} and {@link ServiceRequest#caller} say.
 *
 * <p><b>Threads.</b> One daemon thread of the service's runs all requests: it calls the model, samplers, and the conditions given to
 * {@link Generation.Request#cancelledWhen}, before each step and also while a request waits. So these must be quick. Callbacks run
 * elsewhere, see {@link ServiceOptions.Builder#callbackExecutor}: those of one request one after another, those of several at
 * once. A slow one pauses its own request only. No thread keeps the JVM alive.
 *
 * <p><b>Failures.</b> What a callback, condition or sampler throws ends its own request: the future completes with it. If a call of the
 * model fails, it is repeated for fewer requests, until it is known whose fault it is; only these end. If the model is
 * closed, all requests end with its exception.
 */
public final class GenerationService implements AutoCloseable {
    private static final long IDLE_SECONDS = 10;

    private final ServiceOptions options;
    private final PrefixCache cache; // null for none
    private final Scheduler scheduler;

    /**
     * Opens a service.
     *
     * @param model stays the caller's
     * @throws IllegalArgumentException if the prefix cache in the options is another model's
     */
    public GenerationService(RwkvModel model, ServiceOptions options) {
        this(model, model::forward, options);
    }

    /** @param forward takes the place of the model's own call */
    GenerationService(RwkvModel model, Batch.Forward forward, ServiceOptions options) {
        this.options = Objects.requireNonNull(options, "options");
        ExecutorService own = options.callbackExecutor().isPresent() ? null : ownThreads();
        Executor executor = options.callbackExecutor().orElse(own);
        this.cache = options.prefixCacheFor(model);
        boolean ownCache = options.prefixCacheBytes() > 0;
        this.scheduler = new Scheduler(model, forward, options, cache, executor, () -> {
            if (own != null) {
                own.shutdown();
            }
            if (ownCache) {
                cache.close();
            }
        });
    }

    private static ExecutorService ownThreads() {
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(),
                task -> OwnThreads.of(task, "rwkv-callback"));
    }

    /** The options it was opened with. */
    public ServiceOptions options() {
        return options;
    }

    /** The cache that prompts are looked up in, its own or the caller's; empty if there is none. */
    public Optional<PrefixCache> prefixCache() {
        return Optional.ofNullable(cache);
    }

    /** Submits a request with priority 0; otherwise as {@link #submit(ServiceRequest, Consumer)}. */
    public Submission submit(Generation.Request request, Consumer<? super String> onText) {
        return submit(ServiceRequest.of(request), onText);
    }

    /** Submits a request whose text is wanted at the end only; otherwise as {@link #submit(ServiceRequest, Consumer)}. */
    public Submission submit(ServiceRequest request) {
        return submit(request, piece -> {});
    }

    /**
     * Submits a request. Returns at once.
     *
     * @param onText receives each piece of new text, in order; as in {@link Generation.Request#run(Consumer)}, but in a thread for
     * callbacks, and maybe some pieces after the model has gone on. If it throws, the request ends, pieces that still wait for it
     * are dropped, and {@link Submission#text()} says where the state ends
     * @return the request's future. It fails, too, if the request's state is in use by another generation
     * @throws RejectedExecutionException if the queue is full (the message has the counts), or if the service is closed
     * @throws IllegalArgumentException if the request is for another model
     */
    public Submission submit(ServiceRequest request, Consumer<? super String> onText) {
        return scheduler.submit(Objects.requireNonNull(request, "request"), Objects.requireNonNull(onText, "onText"));
    }

    /**
     * Reads what many prompts begin with, such as a system prompt, once and beforehand, and keeps its state in the prefix cache until
     * {@link PrefixCache#unpin} is called with its tokens. Waits and runs as a request does; returns at once. Prompts that were submitted
     * before it may still read it themselves.
     *
     * <p>It serves prompts that begin with exactly its tokens. A tokenizer may join the last characters of a beginning with what
     * follows: end it where that cannot be, such as at the end of a line, and not with a space.
     *
     * @param beginning its prompt is read; of its options none matters
     * @return completes when it is remembered. It fails with an {@link IllegalStateException} if the cache has no room for it beside
     * what is pinned, or if the request was cancelled or its deadline passed
     * @throws IllegalStateException if the service has no prefix cache
     * @throws IllegalArgumentException if the request has a state of its own, or is for another model
     * @throws RejectedExecutionException as {@link #submit(ServiceRequest, Consumer)}
     */
    public CompletableFuture<Void> remember(Generation.Request beginning) {
        if (cache == null) {
            throw new IllegalStateException("service has no prefix cache; see ServiceOptions.prefixCacheBytes");
        }
        if (GenerationAccess.get().state(beginning) != null) {
            throw new IllegalArgumentException(
                    "beginning: expected a request without a state, since only what is read from a new one can be remembered");
        }
        int[] tokens = beginning.prompt();
        GenerationOptions readOnly = GenerationOptions.builder().maxTokens(0).build();
        return submit(ServiceRequest.of(beginning.options(readOnly))).thenAccept(result -> {
            if (result.reason() != Generation.Reason.MAX_TOKENS) {
                throw new IllegalStateException("not remembered: ended by " + result.reason() + " after "
                        + result.promptTokens() + " of " + tokens.length + " tokens");
            }
            if (!cache.pin(tokens)) {
                throw new IllegalStateException("not remembered: the prefix cache has no room for " + tokens.length
                        + " tokens beside what is pinned");
            }
        });
    }

    /** What it has done and is doing now. */
    public ServiceStatistics statistics() {
        return scheduler.statistics();
    }

    /** Accepts no more requests. Those that run or wait go on to their ends. Does not wait for them. */
    public void shutdown() {
        scheduler.shutdown();
    }

    /** Accepts no more requests, and cancels those that run or wait. Does not wait for them: each leaves within one step. */
    public void shutdownNow() {
        scheduler.shutdownNow();
    }

    /** Whether it accepts no more requests. */
    public boolean isShutdown() {
        return scheduler.isShutdown();
    }

    /** Whether it accepts no more requests, all have ended, and their callbacks have returned. */
    public boolean isTerminated() {
        return scheduler.isTerminated();
    }

    /**
     * After {@link #shutdown()} or {@link #shutdownNow()}, waits until all requests have ended and their callbacks have returned.
     *
     * @return false if the time has passed before
     * @throws InterruptedException if this thread is interrupted
     */
    public boolean awaitTermination(Duration atMost) throws InterruptedException {
        return scheduler.awaitTermination(TimeUnit.NANOSECONDS.convert(atMost));
    }

    /**
     * Accepts no more requests, and waits until those that run or wait have ended and their callbacks have returned. If this thread
     * is interrupted, they are cancelled, and it waits for that. To end them at once, call {@link #shutdownNow()} before. In a
     * callback, it does not wait. Closing twice is harmless. The model stays open.
     */
    @Override
    public void close() {
        scheduler.shutdown();
        if (scheduler.isWithin()) {
            return;
        }
        boolean interrupted = false;
        boolean terminated = false;
        while (!terminated) {
            try {
                terminated = scheduler.awaitTermination(Long.MAX_VALUE);
            } catch (InterruptedException e) {
                interrupted = true;
                scheduler.shutdownNow();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
