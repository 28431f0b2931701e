package io.rwkv.core;

import io.rwkv.core.internal.model.LoadedModel;
import io.rwkv.core.internal.model.Pass;
import io.rwkv.core.internal.model.Sink;
import io.rwkv.core.internal.model.StateArrays;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

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

    /** Runs several sequences together. */
    List<Output> run(List<Step> steps) {
        if (steps.isEmpty()) {
            throw new IllegalArgumentException("steps: expected at least one, found none");
        }
        List<Receiver> receivers = new ArrayList<>(steps.size());
        Map<RwkvState, Integer> seen = new IdentityHashMap<>();
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            check(step.tokens(), step.state(), i);
            if (step.next().isPresent() && !inVocabulary(step.next().getAsInt())) {
                throw refused(step.next().getAsInt(), name(i) + "followedBy");
            }
            Integer other = seen.put(step.state(), i);
            if (other != null) {
                throw new IllegalArgumentException(
                        name(i) + "state: expected a state of its own, found that of steps[" + other + "]");
            }
            receivers.add(new Receiver(step, config, i));
        }
        int entered = 0;
        Pass call = loaded.call();
        try {
            for (int i = 0; i < steps.size(); i++) {
                Step step = steps.get(i);
                StateArrays arrays = step.state().enter();
                entered++;
                call.add(step.tokens(), arrays, step.want(), receivers.get(i));
                step.next().ifPresent(call::followedBy);
            }
            loaded.run(call);
        } finally {
            for (int i = 0; i < entered; i++) {
                steps.get(i).state().leave();
            }
            loaded.giveBack(call);
        }
        return receivers.stream().map(Receiver::output).toList();
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
