package io.rwkv.text.internal;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation;

import java.util.function.BooleanSupplier;

/** What is inside a request, for those who run requests in other packages. Its only instance comes with the first request. */
public abstract class GenerationAccess {
    private static volatile GenerationAccess instance;

    /** The way in; null if there has never been a request. */
    public static GenerationAccess get() {
        return instance;
    }

    protected static void set(GenerationAccess access) {
        instance = access;
    }

    /** The model that the request is for. */
    public abstract RwkvModel model(Generation.Request request);

    /** The tokens of the prompt, which must not be changed. */
    public abstract int[] prompt(Generation.Request request);

    /** The caller's state; null if a new one is to be used. */
    public abstract RwkvState state(Generation.Request request);

    /** The caller's condition to end early; null if there is none. */
    public abstract BooleanSupplier cancelled(Generation.Request request);

    /** Begins the request's text on a state, which nobody wants afterwards unless the request came with it. */
    public abstract GenerationSequence sequence(Generation.Request request, RwkvState state);

    /** What a sequence came to; null for one that never began. */
    public abstract Generation result(GenerationSequence sequence, long promptNanos, long generationNanos,
            Generation.Reason reason);
}
