package io.rwkv.core;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.internal.model.Sink;

/** Copies what a sequence wants into Java arrays, and checks vectors that nobody else looks at. For one call. */
final class Receiver implements Sink {
    private final Want want;
    private final float[] last; // null if something of each token is wanted
    private final float[][] all; // null if not
    private final int columns;
    private final int step; // its index

    Receiver(Want want, int tokens, RwkvConfig config) {
        this(want, tokens, tokens - 1, config, null, Calls.ALONE);
    }

    /** @param index the step's */
    Receiver(Step step, RwkvConfig config, int index) {
        this(step.want(), step.tokens().length, step.tokens().length - (step.next().isPresent() ? 0 : 1), config,
                step.to(), index);
    }

    /** @param targets tokens of which the log-probability can be known */
    private Receiver(Want want, int tokens, int targets, RwkvConfig config, float[] to, int step) {
        this.want = want;
        this.step = step;
        columns = switch (want) {
            case NOTHING -> 0;
            case LAST_LOGITS, ALL_LOGITS -> config.vocabularySize();
            case LAST_HIDDEN, ALL_HIDDEN -> config.width();
            case LOG_PROBABILITIES -> 1;
        };
        boolean each = want == Want.ALL_LOGITS || want == Want.ALL_HIDDEN;
        all = each ? new float[tokens][] : null;
        int length = want == Want.LOG_PROBABILITIES ? targets : columns;
        if (to != null && to.length < length) {
            throw new IllegalArgumentException(
                    Calls.name(step) + "into: expected at least " + length + " elements, found " + to.length);
        }
        last = each || want == Want.NOTHING ? null : to != null ? to : new float[length];
    }

    @Override
    public void accept(Ops ops, Activations values, int row, int count, int token) {
        if (want == Want.LOG_PROBABILITIES) {
            ops.read(values, row, count, last, token);
            return;
        }
        for (int i = 0; i < count; i++) {
            float[] vector = last;
            if (all != null) {
                vector = new float[columns];
                all[token + i] = vector;
            }
            ops.read(values, row + i, 1, vector, 0);
            if (want == Want.LAST_HIDDEN || want == Want.ALL_HIDDEN) {
                checkHidden(vector, token + i);
            }
        }
    }

    /** Logits are checked when a token is chosen; these go to the caller as they are. */
    private void checkHidden(float[] vector, int token) {
        boolean zero = true;
        for (int i = 0; i < columns; i++) {
            if (!Float.isFinite(vector[i])) {
                throw new ArithmeticException(
                        Calls.name(step) + "vector after token " + token + ": element " + i + " is " + vector[i]);
            }
            zero &= vector[i] == 0;
        }
        if (zero) {
            throw new ArithmeticException(
                    Calls.name(step) + "vector after token " + token + ": all " + columns + " elements are 0");
        }
    }

    /** What has been received. */
    Output output() {
        return new Output(want, last, all);
    }
}
