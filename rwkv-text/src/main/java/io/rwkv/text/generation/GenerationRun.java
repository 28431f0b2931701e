package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.internal.GenerationSequence;
import io.rwkv.text.internal.StateClaims;
import io.rwkv.tokenizer.Tokenizer;

import java.util.function.BooleanSupplier;

/** One generation under way, pulled piece by piece. For one thread; whoever begins it pulls to the end or closes it. */
final class GenerationRun implements AutoCloseable {
    /** So many tokens are read at a time; between them the caller may cancel. */
    static final int PIECE = 512;

    private final RwkvModel model;
    private final BooleanSupplier cancelled;
    private final RwkvState state;
    private final GenerationSequence sequence;
    private final float[] logits;
    private final long start;
    private long promptEnd;
    private long end;
    private boolean settled;

    /** @param state moves; null for a new one that nobody wants afterwards */
    GenerationRun(RwkvModel model, Tokenizer tokenizer, int[] prompt, RwkvState state, GenerationOptions options,
            BooleanSupplier cancelled) {
        this.model = model;
        this.cancelled = cancelled;
        boolean kept = state != null;
        this.state = kept ? state : model.newState();
        this.sequence = new GenerationSequence(tokenizer, prompt, this.state, kept, options);
        this.logits = new float[model.config().vocabularySize()];
        this.start = System.nanoTime();
        StateClaims.claim(this.state);
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
            String piece = piece();
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

    private String piece() {
        String text = "";
        while (sequence.reason() == null && text.isEmpty()) {
            text = sequence.endIfDue(() -> cancelled.getAsBoolean() ? Reason.CANCELLED : null);
            if (sequence.reason() == null) {
                read();
                text = sequence.choosing() ? sequence.choose(logits) : "";
            }
        }
        return text;
    }

    /** Has the state read what comes next, and says whether there was anything. */
    private boolean read() {
        int[] tokens = sequence.next(PIECE);
        if (tokens.length == 0) {
            return false;
        }
        model.logits(tokens, state, logits);
        boolean prompt = sequence.promptLeft() > 0;
        sequence.moved();
        if (prompt && sequence.promptLeft() == 0) {
            promptEnd = System.nanoTime();
        }
        return true;
    }

    /** Makes the state end where the text does that was given out. */
    private void settle() {
        settled = true;
        sequence.stop();
        if (sequence.promptLeft() > 0) {
            promptEnd = System.nanoTime();
        }
        try {
            while (read()) {
                continue;
            }
        } finally {
            StateClaims.release(state);
        }
        end = System.nanoTime();
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
        return Generation.of(sequence, promptEnd - start, end - promptEnd, sequence.reason());
    }
}
