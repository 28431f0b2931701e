package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Engine;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.ref.Cleaner;

/**
 * Sees to it that a model's engine is closed once: by the model, or, since weights and threads would else stay for ever, when
 * the garbage collector finds that the model was forgotten. Thread-safe.
 */
public final class EngineLifetime {
    private static final Logger LOG = LoggerFactory.getLogger(EngineLifetime.class);
    private static final Cleaner CLEANER = Cleaner.create();

    /** Closes the engine. Must not lead to the model, which would then never be found forgotten. */
    private static final class Closing implements Runnable {
        private final Engine engine;
        private final String origin;
        private volatile boolean byModel;

        Closing(Engine engine, String origin) {
            this.engine = engine;
            this.origin = origin;
        }

        @Override
        public void run() {
            if (!byModel) {
                LOG.warn("A model was never closed; its {} MB of weights are freed only now: {}",
                        engine.weightBytes() >> 20, origin);
            }
            engine.close();
        }
    }

    private final Closing closing;
    private final Cleaner.Cleanable cleanable;

    /**
     * @param model whose calls must keep it reachable to their end
     * @param origin names the model in the log
     */
    public EngineLifetime(Object model, Engine engine, String origin) {
        closing = new Closing(engine, origin);
        cleanable = CLEANER.register(model, closing);
    }

    /** The engine; not to be used after {@link #close}. */
    public Engine engine() {
        return closing.engine;
    }

    /** Whether {@link #close} has been called. */
    public boolean isClosed() {
        return closing.byModel;
    }

    /** Closes the engine; again is harmless. No call may be using it. */
    public void close() {
        closing.byModel = true;
        cleanable.clean();
    }
}
