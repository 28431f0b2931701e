package io.rwkv.text.serving;

import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;
import io.rwkv.core.Want;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.internal.GenerationAccess;
import io.rwkv.text.internal.GenerationSequence;
import io.rwkv.text.internal.StateClaims;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A request on its way through the service. What changes belongs to the scheduler's thread, unless it says otherwise. */
final class Task {
    /** In the place of {@link #interruption}, where nothing is to end. */
    static final Supplier<Reason> NONE = () -> null;
    private static final Duration FAR = Duration.ofDays(36500);

    final Generation.Request request;
    final Submission submission;
    final Delivery delivery;
    final int priority;
    final Caller caller;
    final RwkvState own; // the caller's state; null for a new one
    final long submitted; // System.nanoTime()
    final long deadline; // likewise; if there is one
    final boolean hasDeadline;
    final Supplier<Reason> interruption = this::interruption;
    private final BooleanSupplier cancelled; // null if the request has no condition

    RwkvState state;
    GenerationSequence sequence; // null until it starts
    float[] logits;
    Prefix prefix; // null without a cache
    long number; // in the order of starting
    long started;
    long promptEnd;
    Throwable thrown; // why it ends without a result
    volatile boolean finished; // goes no further; read by any thread
    private boolean claimed; // whether the caller's state is taken for this task

    int[] tokens; // to be read in this step
    Step step; // of these tokens
    boolean moved; // whether the state has read them
    private Step decode; // of one token after another, made once: the array stays the same

    Task(ServiceRequest what, Submission submission, Delivery delivery, Caller caller, ServiceOptions options) {
        this.request = what.request();
        this.submission = submission;
        this.delivery = delivery;
        this.priority = what.priority();
        this.caller = caller;
        this.own = GenerationAccess.get().state(request);
        this.cancelled = GenerationAccess.get().cancelled(request);
        this.submitted = System.nanoTime();
        Duration time = what.deadline().or(options::deadline).orElse(null);
        this.hasDeadline = time != null;
        // Differences of times this far apart still fit into a long.
        this.deadline = submitted + (time == null || time.compareTo(FAR) > 0 ? FAR : time).toNanos();
    }

    /** Takes the caller's state for this task. If it is in use elsewhere, notes what to throw and returns false. */
    boolean claim() {
        try {
            if (own != null) {
                StateClaims.claim(own);
                claimed = true;
            }
            return true;
        } catch (IllegalStateException e) {
            thrown = e;
            return false;
        }
    }

    /** Gives the caller's state back. */
    void release() {
        if (claimed) {
            claimed = false;
            StateClaims.release(own);
        }
    }

    /** Whether something besides a call of the service can end it, so that it has to be asked. */
    boolean hasCondition() {
        return cancelled != null;
    }

    /** Why it is to end now; null if it is not. Throws what the caller's condition throws. */
    Reason interruption() {
        if (submission.isDone() || cancelled != null && cancelled.getAsBoolean()) {
            return Reason.CANCELLED;
        }
        return hasDeadline && System.nanoTime() - deadline >= 0 ? Reason.DEADLINE : null;
    }

    /** Takes part in the next step with these tokens. */
    void prepare(int[] next, Want want) {
        tokens = next;
        moved = false;
        if (want != Want.LAST_LOGITS) {
            step = Step.of(next, state, want);
            return;
        }
        if (decode == null || decode.tokens() != next) {
            decode = Step.of(next, state).into(logits);
        }
        step = decode;
    }

    /** Whether a token of its prompt is to be read next. */
    boolean readsPrompt() {
        return sequence.reason() == null && sequence.promptLeft() > 0;
    }

    /** Whether its callback is too far behind for more text. */
    boolean paused() {
        return sequence.reason() == null && delivery.full();
    }

    /** Takes note of text that is certain, and delivers it. */
    void emit(String text) {
        if (!text.isEmpty()) {
            submission.append(text);
            delivery.piece(text);
        }
    }

    /** What it came to. */
    Generation result(Reason reason) {
        long now = System.nanoTime();
        boolean begun = sequence != null;
        long end = begun && sequence.promptLeft() == 0 ? promptEnd : now;
        return GenerationAccess.get().result(sequence, begun ? end - started : 0, begun ? now - end : 0, reason);
    }
}
