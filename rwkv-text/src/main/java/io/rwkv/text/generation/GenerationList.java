package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;
import io.rwkv.core.Want;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.Generation.Request;
import io.rwkv.text.internal.GenerationAccess;
import io.rwkv.text.internal.GenerationSequence;
import io.rwkv.text.internal.ListReader;
import io.rwkv.text.internal.StateClaims;
import io.rwkv.text.internal.TextList;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * Runs a list of requests in one batch: each call of the model reads the next tokens of all that are under way. They begin in the
 * order of the list, each as soon as there is room. Prompts are read in the same pieces as alone, so that an engine that computes
 * the same bits for one row as for many gives the same texts. The callers' states move at the very end, or not at all. For one call,
 * in one thread.
 */
final class GenerationList {
    /** More make the whole list hardly faster. */
    static final int MOST = 32;
    /** Once a call of the model has so many tokens, further prompts wait for the next one: two of its stretches. */
    private static final int ROWS = 512;

    /** A request under way, on a state of its own. */
    private final class Run {
        final int index;
        final RwkvState state;
        final BooleanSupplier cancelled; // null if there is no condition
        final GenerationSequence sequence;
        final float[] logits;
        final long start = System.nanoTime();
        long promptEnd;
        boolean finished;
        Step step; // of the present call; null if it takes no part

        Run(int index) {
            GenerationAccess access = GenerationAccess.get();
            Request request = requests.get(index);
            RwkvState own = access.state(request);
            this.index = index;
            this.state = own == null ? model.newState() : own.copy();
            this.cancelled = access.cancelled(request);
            this.sequence = access.sequence(own == null ? request : request.state(state), state);
            this.logits = spareLogits.isEmpty()
                    ? new float[model.config().vocabularySize()]
                    : spareLogits.pop();
        }

        /** Goes on to the next tokens that are to be read; if there are none, it is finished. */
        void advance() {
            step = null;
            do {
                if (sequence.choosing()) {
                    sequence.choose(logits);
                }
                sequence.endIfDue(() -> cancelled != null && cancelled.getAsBoolean() ? Reason.CANCELLED : null);
                int[] tokens = sequence.next(GenerationRun.PIECE);
                if (tokens.length > 0) {
                    // Nothing is chosen after a piece of the prompt, or after what only takes the state to the text's end.
                    boolean last = sequence.reason() == null && tokens.length >= sequence.promptLeft();
                    step = last
                            ? Step.of(tokens, state).into(logits)
                            : Step.of(tokens, state, Want.NOTHING);
                    return;
                }
            } while (sequence.choosing());
            finish();
        }

        /** After the state has read the step's tokens. */
        void moved() {
            sequence.moved();
            if (promptEnd == 0 && sequence.promptLeft() == 0) {
                promptEnd = System.nanoTime();
            }
        }

        private void finish() {
            finished = true;
            spareLogits.push(logits);
            long end = System.nanoTime();
            long read = promptEnd == 0 ? end : promptEnd;
            results[index] = GenerationAccess.get().result(sequence, read - start, end - read, sequence.reason());
            states[index] = state;
        }
    }

    private final RwkvModel model;
    private final List<Request> requests;
    private final Generation[] results;
    private final RwkvState[] states; // where those that have ended ended
    private final int most;
    private final Deque<float[]> spareLogits = new ArrayDeque<>();
    private final List<Run> running = new ArrayList<>();
    private int next; // the first request that has not begun

    private GenerationList(RwkvModel model, List<Request> requests, int most) {
        this.model = model;
        this.requests = requests;
        this.results = new Generation[requests.size()];
        this.states = new RwkvState[requests.size()];
        this.most = most;
    }

    /** See {@link TextGenerator#runAll}. */
    static List<Generation> run(RwkvModel model, List<Request> requests) {
        return run(model, requests, Math.min(MOST, ListReader.mostStates(model)));
    }

    static List<Generation> run(RwkvModel model, List<Request> requests, int most) {
        List<Request> all = new ArrayList<>(requests); // List.copyOf would not say which one is null
        check(model, all);
        List<RwkvState> claimed = new ArrayList<>();
        try {
            for (int i = 0; i < all.size(); i++) {
                RwkvState own = all.get(i).state();
                if (own != null) {
                    claim(own, i);
                    claimed.add(own);
                }
            }
            return new GenerationList(model, all, most).run();
        } finally {
            claimed.forEach(StateClaims::release);
        }
    }

    /** Refuses what can be refused before anything is computed. */
    private static void check(RwkvModel model, List<Request> requests) {
        Map<RwkvState, Integer> seen = new IdentityHashMap<>();
        int vocabulary = model.config().vocabularySize();
        for (int i = 0; i < requests.size(); i++) {
            String name = name(i);
            Request request = Objects.requireNonNull(requests.get(i), name);
            if (request.generator().model() != model) {
                throw new IllegalArgumentException(
                        name + ": expected a request for the generator's model, found another one's");
            }
            int[] prompt = request.ownPrompt();
            for (int t = 0; t < prompt.length; t++) {
                if (prompt[t] < 0 || prompt[t] >= vocabulary) {
                    throw new IllegalArgumentException(
                            name + ".tokens[" + t + "]: expected 0 to " + (vocabulary - 1) + ", found " + prompt[t]);
                }
            }
            Integer other = request.state() == null ? null : seen.put(request.state(), i);
            if (other != null) {
                throw new IllegalArgumentException(
                        name + ".state: expected a state of its own, found that of " + name(other));
            }
        }
    }

    private static void claim(RwkvState state, int index) {
        try {
            StateClaims.claim(state);
        } catch (IllegalStateException e) {
            throw named(index, e);
        }
    }

    private List<Generation> run() {
        while (next < requests.size() || !running.isEmpty()) {
            while (running.size() < most && next < requests.size()) {
                int index = next++;
                only(index, () -> running.add(new Run(index)));
            }
            read(steps());
            running.removeIf(run -> run.finished);
        }
        for (int i = 0; i < states.length; i++) {
            RwkvState own = requests.get(i).state();
            if (own != null) {
                own.copyFrom(states[i]);
            }
        }
        return List.of(results);
    }

    /** Those who take part in the next call: all that generate, and of those that read their prompts as many as there is room for. */
    private List<Run> steps() {
        List<Run> inCall = new ArrayList<>(running.size());
        int rows = 0;
        for (Run run : running) {
            if (run.sequence.promptLeft() == 0) {
                rows += take(run, inCall);
            }
        }
        for (Run run : running) {
            if (!run.finished && run.sequence.promptLeft() > 0 && rows < ROWS) {
                rows += take(run, inCall);
            }
        }
        return inCall;
    }

    private static int take(Run run, List<Run> inCall) {
        only(run.index, run::advance);
        if (run.step == null) {
            return 0;
        }
        inCall.add(run);
        return run.step.tokens().length;
    }

    /** If the call fails, nothing has moved: one by one, it is found out whose fault it is, or that each alone is none. */
    private void read(List<Run> inCall) {
        if (inCall.isEmpty()) {
            return;
        }
        try {
            List<Step> steps = new ArrayList<>(inCall.size());
            inCall.forEach(run -> steps.add(run.step));
            model.forward(steps);
        } catch (RuntimeException | Error e) {
            for (Run run : inCall) {
                only(run.index, () -> model.forward(List.of(run.step)));
            }
        }
        inCall.forEach(Run::moved);
    }

    /** Does something for one request; what it throws names the request. */
    private static void only(int index, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            throw named(index, e);
        }
    }

    /** An exception of the library's own types with a message that names the request; what else the caller's code throws as it is. */
    private static RuntimeException named(int index, Throwable thrown) {
        String message = name(index) + ": " + String.valueOf(thrown.getMessage()).replaceFirst("^steps\\[0]\\.", "");
        RuntimeException named = null;
        if (thrown.getClass() == ArithmeticException.class) {
            named = new ArithmeticException(message);
        } else if (thrown.getClass() == IllegalArgumentException.class) {
            named = new IllegalArgumentException(message);
        } else if (thrown.getClass() == IllegalStateException.class) {
            named = new IllegalStateException(message);
        }
        if (named != null) {
            named.initCause(thrown);
            return named;
        }
        thrown.addSuppressed(new IllegalStateException(name(index) + " failed, which ends the whole list"));
        if (thrown instanceof Error error) {
            throw error;
        }
        return (RuntimeException) thrown;
    }

    private static String name(int index) {
        return TextList.name("requests", index);
    }
}
