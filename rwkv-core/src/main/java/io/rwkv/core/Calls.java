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
    private final LoadedModel loaded;
    private final RwkvConfig config;

    Calls(LoadedModel loaded, RwkvConfig config) {
        this.loaded = loaded;
        this.config = config;
    }

    /** Runs one sequence. */
    void run(int[] tokens, RwkvState state, Want want, Sink sink) {
        check(tokens, state, "");
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
            String name = "steps[" + i + "].";
            check(step.tokens(), step.state(), name);
            if (step.next().isPresent() && !inVocabulary(step.next().getAsInt())) {
                throw refused(step.next().getAsInt(), name + "followedBy");
            }
            Integer other = seen.put(step.state(), i);
            if (other != null) {
                throw new IllegalArgumentException(
                        name + "state: expected a state of its own, found that of steps[" + other + "]");
            }
            receivers.add(new Receiver(step, config, name));
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

    /** @param prefix what comes before an argument's name in messages */
    private void check(int[] tokens, RwkvState state, String prefix) {
        if (!state.fingerprint().equals(loaded.fingerprint())) {
            throw new IllegalArgumentException(prefix + "state: expected one of this model (fingerprint "
                    + loaded.fingerprint().hash() + "), found one of model " + state.fingerprint());
        }
        if (tokens.length == 0) {
            throw new IllegalArgumentException(prefix + "tokens: expected at least one, found none");
        }
        for (int i = 0; i < tokens.length; i++) {
            if (!inVocabulary(tokens[i])) {
                throw refused(tokens[i], prefix + "tokens[" + i + "]");
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
