package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/** States and logits after sequences of tokens, each read without a cache, one token at a time. Safe for any number of threads. */
final class KnownStates {
    private record Known(byte[] state, float[] logits) {}

    private final RwkvModel model;
    private final Map<List<Integer>, Known> known = new ConcurrentHashMap<>();

    KnownStates(RwkvModel model) {
        this.model = model;
    }

    /** A state of the caller's own. */
    RwkvState state(int... tokens) {
        return tokens.length == 0 ? model.newState() : model.stateFrom(known(tokens).state);
    }

    float[] logits(int... tokens) {
        return known(tokens).logits.clone();
    }

    private Known known(int[] tokens) {
        Known found = known.get(list(tokens));
        if (found == null) {
            RwkvState state = state(Arrays.copyOf(tokens, tokens.length - 1));
            float[] logits = model.logits(new int[]{tokens[tokens.length - 1]}, state);
            found = new Known(state.toBytes(), logits);
            known.put(list(tokens), found);
        }
        return found;
    }

    /** Stores the first tokens' state. */
    boolean store(PrefixCache cache, boolean withLogits, int... tokens) {
        return cache.store(tokens, tokens.length, state(tokens), withLogits ? logits(tokens) : null);
    }

    /** What a lookup gives must be what reading gives, bit by bit. */
    void check(int[] tokens, PrefixMatch match) {
        int[] read = Arrays.copyOf(tokens, match.length());
        assertArrayEquals(state(read).toBytes(), match.state().toBytes(), () -> Arrays.toString(read));
        assertEquals(match.logits().isPresent(), match.length() == tokens.length && tokens.length > 0);
        match.logits().ifPresent(logits -> assertArrayEquals(logits(tokens), logits));
    }

    static List<Integer> list(int... tokens) {
        return IntStream.of(tokens).boxed().toList();
    }
}
