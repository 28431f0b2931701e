package io.rwkv.text.internal;

import io.rwkv.text.sampling.Constraint;
import io.rwkv.text.sampling.Logits;

import java.util.Collection;
import java.util.OptionalInt;
import java.util.TreeSet;

/** A constraint together with the tokens that end the text: these are allowed where it may end, and nowhere else. */
final class Restriction {
    private final Constraint constraint;
    private final int[] ends;
    private final float[] endLogits;

    Restriction(Constraint constraint, OptionalInt endOfText, Collection<Integer> stopTokens) {
        TreeSet<Integer> all = new TreeSet<>(stopTokens);
        endOfText.ifPresent(all::add);
        if (all.isEmpty()) {
            throw new IllegalArgumentException(
                    "constraint: expected a token that ends the text, found none; allow the tokenizer's"
                            + " end-of-text token or give stop tokens");
        }
        this.constraint = constraint;
        this.ends = all.stream().mapToInt(Integer::intValue).toArray();
        this.endLogits = new float[ends.length];
    }

    /**
     * Sets the logits of all tokens to −∞ that may not come next.
     *
     * @throws ArithmeticException if a logit is NaN or +∞, which −∞ must not hide
     * @throws IllegalStateException if there is no token left
     */
    void apply(float[] logits) {
        Logits.likeliest(logits);
        for (int i = 0; i < ends.length; i++) {
            endLogits[i] = end(logits, i);
        }
        constraint.restrict(logits);
        boolean mayEnd = constraint.mayEnd();
        for (int i = 0; i < ends.length; i++) {
            if (ends[i] < logits.length) {
                logits[ends[i]] = mayEnd ? endLogits[i] : Float.NEGATIVE_INFINITY;
            }
        }
        for (float logit : logits) {
            if (logit > Float.NEGATIVE_INFINITY) {
                return;
            }
        }
        throw new IllegalStateException("constraint: expected a token that may come next, found none: " + constraint);
    }

    private float end(float[] logits, int i) {
        return ends[i] < logits.length ? logits[ends[i]] : Float.NEGATIVE_INFINITY;
    }

    /** Takes the token that was chosen, which is not one that ends the text. */
    void accept(int token) {
        constraint.accept(token);
    }

    /** Whether anything may follow. */
    boolean mayContinue() {
        return constraint.mayContinue();
    }
}
