package io.rwkv.text.serving;

import io.rwkv.core.RwkvState;

import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;

/**
 * What a {@link PrefixCache} remembers of a prompt. To go on, read the tokens from {@link #length()} on into {@link #state()}.
 *
 * <p>State and arrays belong to the caller alone. For one thread, like the state.
 */
public final class PrefixMatch {
    private final int length;
    private final RwkvState state;
    private final float[] logits; // null if there are none
    private final int[] snapshotPoints;

    PrefixMatch(int length, RwkvState state, float[] logits, int[] snapshotPoints) {
        this.length = length;
        this.state = Objects.requireNonNull(state, "state");
        this.logits = logits;
        this.snapshotPoints = snapshotPoints;
    }

    /**
     * How many tokens the state has already read: 0 if nothing was remembered. Less than the prompt's length, unless there are
     * {@link #logits()}; so either there are logits or there is a token left to read.
     */
    public int length() {
        return length;
    }

    /** The state after the first {@link #length()} tokens; a new state if that is 0. Always the same object. */
    public RwkvState state() {
        return state;
    }

    /**
     * The logits after the prompt's last token, [vocabulary], if the whole prompt was remembered with them: then there is nothing
     * to read. Else empty. Always the same array.
     */
    public Optional<float[]> logits() {
        return Optional.ofNullable(logits);
    }

    /**
     * After how many of the prompt's tokens the state is worth storing, while the rest is read: where the prompt leaves what other
     * prompts begin with, at multiples of the stride, and at the end, where the logits should be stored too. A suggestion: any
     * place may be stored, and none need be.
     *
     * @return ascending, all more than {@link #length()}; empty if there is nothing to read. A new array
     */
    public int[] snapshotPoints() {
        return snapshotPoints.clone();
    }

    @Override
    public String toString() {
        return length + " tokens" + (logits == null ? "" : " with logits") + ", snapshot points "
                + Arrays.toString(snapshotPoints);
    }
}
