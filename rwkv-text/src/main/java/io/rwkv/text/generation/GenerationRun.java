package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Collections;
import java.util.OptionalInt;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.BooleanSupplier;

/** One generation under way, pulled piece by piece. For one thread; whoever begins it pulls to the end or closes it. */
final class GenerationRun implements AutoCloseable {
    // Between two calls of the model a state looks free; a second generation on it would mix two texts into one.
    private static final Set<RwkvState> IN_USE = Collections
            .synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    private final GenerationOptions options;
    private final OptionalInt endOfText;
    private final int[] prompt;
    private final BooleanSupplier cancelled;
    private final RwkvState state;
    private final boolean kept; // whether anyone wants the state afterwards
    private final TokenGenerator tokens;
    private final TextTrail trail;
    private int promptRead;
    private int generated;
    private final long start;
    private long promptEnd;
    private long end;
    private boolean begun;
    private boolean settled;
    private Reason reason; // null until the last token has been chosen

    /** @param state moves; null for a new one that nobody wants afterwards */
    GenerationRun(RwkvModel model, Tokenizer tokenizer, int[] prompt, RwkvState state, GenerationOptions options,
            BooleanSupplier cancelled) {
        this.options = options;
        this.endOfText = options.stopAtEndOfText() ? tokenizer.endOfText() : OptionalInt.empty();
        this.prompt = prompt;
        this.cancelled = cancelled;
        this.kept = state != null;
        this.state = kept ? state : model.newState();
        this.tokens = new TokenGenerator(model, this.state, options.newSampler());
        this.trail = new TextTrail(tokenizer, options.stopStrings());
        this.start = System.nanoTime();
        if (!IN_USE.add(this.state)) {
            throw new IllegalStateException(
                    "state in use by another generation; wait for its end, or close its stream");
        }
    }

    /**
     * Goes on until there is new text.
     *
     * @return the text; null once there is no more, and the state has read exactly what belongs to it
     */
    String next() {
        if (settled) {
            return null;
        }
        try {
            String piece = begun || begin() ? piece() : "";
            if (piece.isEmpty()) {
                settle();
                return null;
            }
            return piece;
        } catch (RuntimeException | Error e) {
            abort(e);
            throw e;
        }
    }

    /** Whether the whole prompt was read. */
    private boolean begin() {
        begun = true;
        promptRead = tokens.read(prompt, cancelled);
        promptEnd = System.nanoTime();
        if (promptRead < prompt.length) {
            reason = Reason.CANCELLED;
        }
        return reason == null;
    }

    private String piece() {
        String text = "";
        while (reason == null && text.isEmpty()) {
            if (generated == options.maxTokens()) {
                reason = Reason.MAX_TOKENS;
            } else if (cancelled.getAsBoolean()) {
                reason = Reason.CANCELLED;
            } else {
                text = token();
            }
        }
        return text.isEmpty() && !trail.stopped() ? trail.cut() : text;
    }

    /** Chooses one and gives the text that is certain then. */
    private String token() {
        if (trail.unread()) {
            if (kept) {
                trail.mark(state);
            }
            tokens.read(trail.last());
            trail.advance();
        }
        int token = tokens.choose();
        generated++;
        boolean end = endOfText.isPresent() && endOfText.getAsInt() == token || options.stopTokens().contains(token);
        String text = end ? trail.end() : trail.accept(token);
        if (trail.stopped()) {
            reason = Reason.STOP_STRING;
        } else if (end) {
            reason = Reason.STOP_TOKEN;
        }
        return text;
    }

    /** Makes the state end where the text does that was given out. */
    private void settle() {
        settled = true;
        if (reason == null) {
            reason = Reason.CANCELLED;
        }
        try {
            if (kept) {
                tokens.read(trail.settle(state));
            }
        } finally {
            IN_USE.remove(state);
        }
        end = System.nanoTime();
        promptEnd = begun ? promptEnd : end;
    }

    /** Ends the run after something was thrown, be it by the caller. */
    void abort(Throwable thrown) {
        try {
            close();
        } catch (RuntimeException | Error e) {
            if (e != thrown) {
                thrown.addSuppressed(e);
            }
        }
    }

    /** Ends the run where it is, if it has not ended. */
    @Override
    public void close() {
        if (!settled) {
            settle();
        }
    }

    /** What it came to, once it has ended. */
    Generation result() {
        return new Generation(trail.text(), promptRead, generated, promptEnd - start, end - promptEnd, reason);
    }
}
