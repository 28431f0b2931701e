package io.rwkv.text.internal;

import io.rwkv.core.RwkvState;

import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * The states that generations are moving. Between two calls of the model a state looks free; a second generation on it would mix
 * two texts into one. Safe for any number of threads.
 */
public final class StateClaims {
    private static final Set<RwkvState> IN_USE = Collections
            .synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    private StateClaims() {
    }

    /**
     * Claims a state for a generation.
     *
     * @throws IllegalStateException if another one has it
     */
    public static void claim(RwkvState state) {
        if (!IN_USE.add(state)) {
            throw new IllegalStateException(
                    "state in use by another generation; wait for its end, or close its stream");
        }
    }

    /** Gives a claimed state back. */
    public static void release(RwkvState state) {
        IN_USE.remove(state);
    }
}
