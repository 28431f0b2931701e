package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.Generation.Request;
import io.rwkv.text.internal.GenerationAccess;
import io.rwkv.text.internal.GenerationSequence;

import java.util.function.BooleanSupplier;

/** Opens requests to the library's other packages. */
final class RequestAccess extends GenerationAccess {
    private RequestAccess() {
    }

    static void open() {
        set(new RequestAccess());
    }

    @Override
    public RwkvModel model(Request request) {
        return request.generator().model();
    }

    @Override
    public int[] prompt(Request request) {
        return request.ownPrompt();
    }

    @Override
    public RwkvState state(Request request) {
        return request.state();
    }

    @Override
    public BooleanSupplier cancelled(Request request) {
        return request.cancelled() == Request.NEVER ? null : request.cancelled();
    }

    @Override
    public GenerationSequence sequence(Request request, RwkvState state) {
        return new GenerationSequence(request.generator().tokenizer(), request.ownPrompt(), state,
                state == request.state(), request.options());
    }

    @Override
    public Generation result(GenerationSequence sequence, long promptNanos, long generationNanos, Reason reason) {
        return sequence == null
                ? Generation.unbegun(promptNanos, generationNanos, reason)
                : Generation.of(sequence, promptNanos, generationNanos, reason);
    }
}
