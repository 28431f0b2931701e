package io.rwkv.text.serving;

import io.rwkv.core.RwkvModel;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * How a {@link GenerationService} runs. Immutable and safe for any number of threads. Made by {@link #builder()};
 * {@link #toBuilder()} makes changed copies.
 */
public final class ServiceOptions {
    private static final ServiceOptions DEFAULTS = new Builder().build();

    private final int maxSequences;
    private final int queueCapacity;
    private final int promptRows;
    private final int promptRowsAlone;
    private final int backlog;
    private final Duration deadline; // null for none
    private final Executor callbackExecutor; // null for the service's own threads
    private final PrefixCache prefixCache; // null for none, or the service's own
    private final long prefixCacheBytes; // 0 for none of its own

    private ServiceOptions(Builder builder) {
        maxSequences = builder.maxSequences;
        queueCapacity = builder.queueCapacity;
        promptRows = builder.promptRows;
        promptRowsAlone = builder.promptRowsAlone;
        backlog = builder.backlog;
        deadline = builder.deadline;
        callbackExecutor = builder.callbackExecutor;
        prefixCache = builder.prefixCache;
        prefixCacheBytes = builder.prefixCacheBytes;
    }

    /** What {@link #builder()} begins with. */
    public static ServiceOptions defaults() {
        return DEFAULTS;
    }

    /** A builder that begins with {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.maxSequences = maxSequences;
        builder.queueCapacity = queueCapacity;
        builder.promptRows = promptRows;
        builder.promptRowsAlone = promptRowsAlone;
        builder.backlog = backlog;
        builder.deadline = deadline;
        builder.callbackExecutor = callbackExecutor;
        builder.prefixCache = prefixCache;
        builder.prefixCacheBytes = prefixCacheBytes;
        return builder;
    }

    /** How many requests run at once, each with a state and an array of logits. */
    public int maxSequences() {
        return maxSequences;
    }

    /** How many requests may wait beside those that run. */
    public int queueCapacity() {
        return queueCapacity;
    }

    /** How many tokens of prompts are read in one step while other sequences generate. */
    public int promptRows() {
        return promptRows;
    }

    /** How many tokens of prompts are read in one step if no sequence generates. */
    public int promptRowsAlone() {
        return promptRowsAlone;
    }

    /** How many pieces of text may wait for a request's callback before that request pauses. */
    public int backlog() {
        return backlog;
    }

    /** The deadline of requests without one of their own. */
    public Optional<Duration> deadline() {
        return Optional.ofNullable(deadline);
    }

    /** Where callbacks run; empty for threads of the service's own. */
    public Optional<Executor> callbackExecutor() {
        return Optional.ofNullable(callbackExecutor);
    }

    /** The caller's prefix cache; empty if there is none, or one of the service's own. */
    public Optional<PrefixCache> prefixCache() {
        return Optional.ofNullable(prefixCache);
    }

    /** The memory for a prefix cache of the service's own, in bytes; 0 for none. */
    public long prefixCacheBytes() {
        return prefixCacheBytes;
    }

    /** The cache to use: the caller's, or a new one; null for none. */
    PrefixCache prefixCacheFor(RwkvModel model) {
        if (prefixCache != null && prefixCache.model() != model) {
            throw new IllegalArgumentException(
                    "prefixCache: expected one for the service's model, found another one's");
        }
        return prefixCacheBytes == 0
                ? prefixCache
                : new PrefixCache(model, PrefixCacheOptions.builder().maxBytes(prefixCacheBytes).build());
    }

    private static int atLeast(int least, int value, String name) {
        if (value < least) {
            throw new IllegalArgumentException(name + ": expected " + least + " or more, found " + value);
        }
        return value;
    }

    static Duration positive(Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new IllegalArgumentException("deadline: expected more than 0, found " + value);
        }
        return value;
    }

    /** Collects options. For one thread; may be used again after {@link #build()}. */
    public static final class Builder {
        private int maxSequences = 32;
        private int queueCapacity = 1024;
        private int promptRows = 64;
        private int promptRowsAlone = 256;
        private int backlog = 64;
        private Duration deadline;
        private Executor callbackExecutor;
        private PrefixCache prefixCache;
        private long prefixCacheBytes;

        private Builder() {
        }

        /**
         * How many requests run at once; by default 32. Others wait. More give more text in all, and each its own more slowly.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder maxSequences(int value) {
            maxSequences = atLeast(1, value, "maxSequences");
            return this;
        }

        /**
         * How many requests may wait beside those that run; by default 1024. A request beyond that is rejected.
         *
         * @throws IllegalArgumentException if it is negative
         */
        public Builder queueCapacity(int value) {
            queueCapacity = atLeast(0, value, "queueCapacity");
            return this;
        }

        /**
         * How many tokens of prompts are read in one step while other sequences generate; by default 64. Fewer let texts flow more
         * evenly while a long prompt is read; more read it sooner.
         *
         * @throws IllegalArgumentException if it is less than 4
         */
        public Builder promptRows(int value) {
            promptRows = atLeast(4, value, "promptRows");
            return this;
        }

        /**
         * How many tokens of prompts are read in one step if no sequence generates; by default 256.
         *
         * @throws IllegalArgumentException if it is less than 4
         */
        public Builder promptRowsAlone(int value) {
            promptRowsAlone = atLeast(4, value, "promptRowsAlone");
            return this;
        }

        /**
         * How many pieces of text may wait for a request's callback; by default 64. A request whose callback is slower than the model
         * pauses there, and goes on once half of them are taken. No other request waits for it.
         *
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder backlog(int value) {
            backlog = atLeast(1, value, "backlog");
            return this;
        }

        /**
         * The deadline of requests that have none of their own, from their submission on; by default there is none.
         *
         * @throws IllegalArgumentException if it is not more than 0
         */
        public Builder deadline(Duration value) {
            deadline = positive(value);
            return this;
        }

        /**
         * Where callbacks run, and what depends on a request's future. By default, the service has as many daemon threads as there
         * are callbacks running at one moment. An executor with few threads lets slow callbacks delay the texts of other requests
         * (not their generation, up to {@link #backlog}). One that runs its tasks in the calling thread lets them delay everything.
         *
         * @param value stays the caller's; must not be shut down before the service is closed
         */
        public Builder callbackExecutor(Executor value) {
            callbackExecutor = Objects.requireNonNull(value, "callbackExecutor");
            return this;
        }

        /**
         * Remembers what prompts begin with in this cache, so that it is read only once. Used for requests without a state of the
         * caller's. By default there is none. Replaces {@link #prefixCacheBytes}.
         *
         * <p>What is in files is read by the service's own thread, while all requests wait.
         *
         * @param value a cache for the service's model; stays the caller's. If it is closed before the service, requests go on
         * without it
         */
        public Builder prefixCache(PrefixCache value) {
            prefixCache = Objects.requireNonNull(value, "prefixCache");
            prefixCacheBytes = 0;
            return this;
        }

        /**
         * The same with a cache of the service's own, in memory. Replaces {@link #prefixCache}.
         *
         * @param value the memory it may take, in bytes; 0 for no cache
         * @throws IllegalArgumentException if it is negative
         */
        public Builder prefixCacheBytes(long value) {
            if (value < 0) {
                throw new IllegalArgumentException("prefixCacheBytes: expected 0 or more, found " + value);
            }
            prefixCacheBytes = value;
            prefixCache = null;
            return this;
        }

        /** The options as they are now. */
        public ServiceOptions build() {
            return new ServiceOptions(this);
        }
    }
}
