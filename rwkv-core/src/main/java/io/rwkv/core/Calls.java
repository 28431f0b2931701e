package io.rwkv.core;

import io.rwkv.core.internal.model.LoadedModel;
import io.rwkv.core.internal.model.Pass;
import io.rwkv.core.internal.model.Sink;
import io.rwkv.core.internal.model.StateArrays;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Checks what a call is given, claims its states, and runs it. Safe for any number of threads. */
final class Calls {
    /** In the place of a step's index, for a call of one sequence. */
    static final int ALONE = -1;

    private final LoadedModel loaded;
    private final RwkvConfig config;

    Calls(LoadedModel loaded, RwkvConfig config) {
        this.loaded = loaded;
        this.config = config;
    }

    /** Runs one sequence. */
    void run(int[] tokens, RwkvState state, Want want, Sink sink) {
        check(tokens, state, ALONE);
        StateArrays arrays = state.enter();
        try {
            loaded.run(tokens, arrays, want, sink);
        } finally {
            state.leave();
        }
    }

    /** Runs several sequences together. What this makes beside the outputs is a small object for each; a loop may call it often. */
    List<Output> run(Step[] steps) {
        if (steps.length == 0) {
            throw new IllegalArgumentException("steps: expected at least one, found none");
        }
        Receiver[] receivers = new Receiver[steps.length];
        for (int i = 0; i < steps.length; i++) {
            Step step = steps[i];
            if (step == null) {
                throw new NullPointerException("steps[" + i + "]");
            }
            check(step.tokens(), step.state(), i);
            if (step.next().isPresent() && !inVocabulary(step.next().getAsInt())) {
                throw refused(step.next().getAsInt(), name(i) + "followedBy");
            }
            receivers[i] = new Receiver(step, config, i);
        }
        int entered = 0;
        Pass call = loaded.call();
        try {
            while (entered < steps.length) {
                Step step = steps[entered];
                StateArrays arrays = enter(steps, entered);
                Receiver receiver = receivers[entered++];
                call.add(step.tokens(), arrays, step.want(), receiver);
                if (step.next().isPresent()) {
                    call.followedBy(step.next().getAsInt());
                }
            }
            loaded.run(call);
        } finally {
            for (int i = 0; i < entered; i++) {
                steps[i].state().leave();
            }
            loaded.giveBack(call);
        }
        Output[] outputs = new Output[steps.length];
        for (int i = 0; i < steps.length; i++) {
            outputs[i] = receivers[i].output();
        }
        return Collections.unmodifiableList(Arrays.asList(outputs));
    }

    /** Claims a step's state. If it is claimed, it may be for an earlier step of the same call. */
    private static StateArrays enter(Step[] steps, int index) {
        RwkvState state = steps[index].state();
        try {
            return state.enter();
        } catch (IllegalStateException e) {
            for (int i = 0; i < index; i++) {
                if (steps[i].state() == state) {
                    throw new IllegalArgumentException(
                            name(index) + "state: expected a state of its own, found that of steps[" + i + "]");
                }
            }
            throw e;
        }
    }

    /** What comes before an argument's name in messages; made only for these, not for each step. */
    static String name(int step) {
        return step == ALONE ? "" : "steps[" + step + "].";
    }

    private void check(int[] tokens, RwkvState state, int step) {
        if (!state.fingerprint().equals(loaded.fingerprint())) {
            throw new IllegalArgumentException(name(step) + "state: expected one of this model (fingerprint "
                    + loaded.fingerprint().hash() + "), found one of model " + state.fingerprint());
        }
        if (tokens.length == 0) {
            throw new IllegalArgumentException(name(step) + "tokens: expected at least one, found none");
        }
        for (int i = 0; i < tokens.length; i++) {
            if (!inVocabulary(tokens[i])) {
                throw refused(tokens[i], name(step) + "tokens[" + i + "]");
            }
        }
    }

    private boolean inVocabulary(int token) {
        return token >= 0 && token < config.vocabularySize();
    }

    private IllegalArgumentException refused(int token, String name) {
        return new IllegalArgumentException(
                name + ": expected 0 to " + (config.vocabularySize() - 1) + ", found " + token);
    }
}
