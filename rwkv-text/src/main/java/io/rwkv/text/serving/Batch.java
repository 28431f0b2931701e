package io.rwkv.text.serving;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.Step;
import io.rwkv.core.Want;
import io.rwkv.text.internal.GenerationAccess;
import io.rwkv.text.serving.PromptTurns.Piece;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * The running requests, and one step of all of them: each gets a token read, or a piece of its prompt, in one call of the model.
 * What goes wrong with one ends that one. For the scheduler's thread.
 */
final class Batch {
    /** The call that reads the steps' tokens: all states move, or none. */
    @FunctionalInterface
    interface Forward {
        void forward(List<Step> steps);
    }

    private final RwkvModel model;
    private final Forward forward;
    private final ServiceOptions options;
    private final PrefixCache cache; // null without one
    private final Counters counters;
    private final Consumer<Task> onEnd;
    private final IntSupplier queued;
    private final PromptTurns turns = new PromptTurns();
    private final List<Task> running = new ArrayList<>();
    private final ArrayDeque<float[]> spareLogits = new ArrayDeque<>();
    private long started;
    // Of one step; here to be used again.
    private final List<Task> round = new ArrayList<>();
    private final List<Task> readers = new ArrayList<>();
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Task> step = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final StepCounts counts = new StepCounts();

    /**
     * @param onEnd takes each task that has left the batch; its state is then as it stays
     * @param queued how many requests wait to start
     */
    Batch(RwkvModel model, Forward forward, ServiceOptions options, PrefixCache cache, Counters counters,
            Consumer<Task> onEnd, IntSupplier queued) {
        this.model = model;
        this.forward = forward;
        this.options = options;
        this.cache = cache;
        this.counters = counters;
        this.onEnd = onEnd;
        this.queued = queued;
    }

    List<Task> running() {
        return running;
    }

    /** Whether a step would do something: a task is neither paused nor waits for one that is. */
    boolean ready() {
        for (Task task : running) {
            if (!task.paused()) {
                return true;
            }
        }
        return false;
    }

    /** Takes a task in. */
    void start(Task task) {
        task.number = ++started;
        task.started = System.nanoTime();
        task.submission.started(task.started - task.submitted);
        running.add(task);
        try {
            task.prefix = task.own == null && cache != null ? Prefix.of(cache, task.request) : null;
            task.state = task.own != null ? task.own : task.prefix != null ? task.prefix.state() : model.newState();
            task.sequence = GenerationAccess.get().sequence(task.request, task.state);
            task.logits = spareLogits.isEmpty()
                    ? new float[model.config().vocabularySize()]
                    : spareLogits.pop();
            if (task.prefix != null) {
                task.sequence.skip(task.prefix.length());
                task.prefix.logits(task.logits);
                task.promptEnd = task.started;
                counters.cached(task.prefix.length());
            }
        } catch (Throwable e) { // of the caller's sampler, of memory that is short
            fail(task, e);
        }
    }

    /** Ends what is to end: requests that were cancelled, are late, have all their tokens, or whose callback has thrown. */
    void endDue() {
        round.addAll(running);
        for (Task task : round) {
            endIfDue(task, true);
        }
        round.clear();
    }

    private void endIfDue(Task task, boolean interruptible) {
        if (task.finished || task.sequence.reason() != null) {
            return;
        }
        Throwable thrown = task.delivery.thrown();
        if (thrown != null) {
            fail(task, thrown);
            return;
        }
        try {
            task.emit(task.sequence.endIfDue(interruptible ? task.interruption : Task.NONE));
        } catch (Throwable e) {
            fail(task, e);
        }
    }

    /** Has all running sequences go on by one step. */
    void step() {
        StepSpan span = StepSpan.start();
        counts.reset();
        round.addAll(running);
        for (Task task : round) {
            prepare(task);
        }
        round.clear();
        turns.divide(readers, step.isEmpty() ? options.promptRowsAlone() : options.promptRows(), pieces);
        for (Piece piece : pieces) {
            Task task = piece.task;
            boolean last = piece.tokens == task.sequence.promptLeft();
            add(task, task.sequence.next(piece.tokens), last ? Want.LAST_LOGITS : Want.NOTHING);
        }
        pieces.clear();
        if (!step.isEmpty()) {
            readAndGo();
        }
        if (span != null && counts.sequences > 0) {
            span.finish(counts, running.size(), queued.getAsInt());
        }
    }

    private void readAndGo() {
        counts.sequences = step.size();
        for (Task task : step) {
            counts.rows += task.tokens.length;
            steps.add(task.step);
        }
        counters.step(counts.sequences, counts.rows);
        read(step, steps);
        steps.clear();
        for (Task task : step) {
            go(task);
        }
        step.clear();
    }

    /** Puts a task where it belongs in this step: its token or last tokens into the call, or among those who read prompts. */
    private void prepare(Task task) {
        try {
            while (!task.finished && !task.paused()) {
                if (task.readsPrompt()) {
                    readers.add(task);
                    return;
                }
                int[] tokens = task.sequence.next(options.promptRows());
                if (tokens.length > 0) {
                    add(task, tokens, task.sequence.reason() == null ? Want.LAST_LOGITS : Want.NOTHING);
                    return;
                }
                if (task.sequence.reason() != null) {
                    finish(task);
                } else { // the whole prompt was known
                    endIfDue(task, true);
                    if (!task.finished && task.sequence.reason() == null) {
                        choose(task);
                    }
                }
            }
        } catch (Throwable e) {
            fail(task, e);
        }
    }

    private void add(Task task, int[] tokens, Want want) {
        task.prepare(tokens, want);
        step.add(task);
    }

    /** Reads the tokens of these tasks together. If that fails, nothing has moved: by halves, it is found out whose fault it is. */
    private void read(List<Task> tasks, List<Step> theirs) {
        try {
            forward.forward(theirs);
        } catch (Throwable e) {
            int all = tasks.size();
            int half = all / 2;
            if (half == 0) {
                fail(tasks.get(0), e);
            } else {
                read(tasks.subList(0, half), theirs.subList(0, half));
                read(tasks.subList(half, all), theirs.subList(half, all));
            }
            return;
        }
        for (Task task : tasks) {
            task.moved = true;
        }
    }

    /** After the call: takes note of what was read, and chooses. */
    private void go(Task task) {
        if (!task.moved || task.finished) {
            return;
        }
        try {
            boolean prompt = task.readsPrompt();
            task.sequence.moved();
            if (prompt) {
                counters.read(task.tokens.length);
                counts.promptRows += task.tokens.length;
                if (task.prefix != null) {
                    task.prefix.read(task.sequence, task.state, task.logits);
                }
                if (task.sequence.promptLeft() > 0) {
                    return;
                }
                task.promptEnd = System.nanoTime();
                endIfDue(task, true);
                if (!task.finished && task.sequence.reason() == null) {
                    task.sequence.next(1); // nothing to read: its first token is chosen
                }
            }
            if (!task.finished && task.sequence.choosing()) {
                choose(task);
            } else {
                finishIfSettled(task);
            }
        } catch (Throwable e) {
            fail(task, e);
        }
    }

    private void choose(Task task) {
        String text = task.sequence.choose(task.logits);
        counters.generated();
        counts.generated++;
        if (task.sequence.generated() == 1) {
            long nanos = System.nanoTime() - task.submitted;
            task.submission.firstToken(nanos);
            counters.firstToken(nanos);
        }
        task.emit(text);
        endIfDue(task, false);
        finishIfSettled(task);
    }

    /** Lets go of a task that has ended and whose state is where the text ends, so that it need not wait for the next step. */
    private void finishIfSettled(Task task) {
        if (!task.finished && task.sequence.reason() != null
                && task.sequence.next(options.promptRows()).length == 0) {
            finish(task);
        }
    }

    /** Ends a task with an exception: at once if it had ended already, else when its state is where the text ends. */
    private void fail(Task task, Throwable thrown) {
        if (task.finished) {
            return;
        }
        boolean ended = task.sequence == null || task.sequence.reason() != null;
        if (task.thrown == null) {
            task.thrown = thrown;
        } else if (task.thrown != thrown) {
            task.thrown.addSuppressed(thrown);
        }
        if (ended) {
            finish(task);
        } else {
            task.sequence.stop();
        }
    }

    /** Ends all at once, with this exception. */
    void failAll(Throwable thrown) {
        for (Task task : List.copyOf(running)) {
            if (task.thrown == null) {
                task.thrown = thrown;
            }
            finish(task);
        }
    }

    private void finish(Task task) {
        task.finished = true;
        running.remove(task);
        if (task.logits != null) {
            spareLogits.push(task.logits);
            task.logits = null;
        }
        onEnd.accept(task);
    }
}
