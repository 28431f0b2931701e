package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

class PrefixCacheTest {
    private static final PrefixCacheOptions PLAIN = PrefixCacheOptions.builder().stride(0).minBranch(1).build();
    private static RwkvModel model;
    private static KnownStates known;

    @BeforeAll
    static void open() {
        model = TinyModel.open();
        known = new KnownStates(model);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static int[] range(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    private static void assertPoints(PrefixCache cache, int[] tokens, int... points) {
        assertArrayEquals(points, cache.lookup(tokens).snapshotPoints());
    }

    @Test
    void longestPrefixShouldWin() {
        PrefixCache cache = new PrefixCache(model, PLAIN);
        assertTrue(known.store(cache, false, 1, 2));
        assertTrue(known.store(cache, false, 1, 2, 3, 4));
        assertTrue(known.store(cache, true, 1, 2, 9));
        int[][] prompts = {{}, {1}, {1, 2}, {1, 2, 3}, {1, 2, 3, 4}, {1, 2, 3, 4, 5}, {1, 2, 9}, {1, 2, 9, 9}, {2, 1}};
        int[] lengths = {0, 0, 0, 2, 2, 4, 3, 3, 0};
        for (int i = 0; i < prompts.length; i++) {
            PrefixMatch match = cache.lookup(prompts[i]);
            assertEquals(lengths[i], match.length(), Arrays.toString(prompts[i]));
            known.check(prompts[i], match);
        }
        assertEquals(5, cache.hits());
        assertEquals(4, cache.misses());
        assertEquals(2 + 2 + 4 + 3 + 3, cache.tokensSaved());
    }

    @Test
    void logitsShouldBeAddedLaterAndNotLost() {
        PrefixCache cache = new PrefixCache(model, PLAIN);
        int[] prompt = {1, 2, 3};
        known.store(cache, false, prompt);
        assertEquals(Optional.empty(), cache.lookup(prompt).logits());
        long before = cache.bytes();
        known.store(cache, true, prompt);
        assertEquals(before + 16 + 4 * TinyModel.VOCABULARY, cache.bytes());
        known.store(cache, false, prompt);
        assertEquals(1, cache.entries());
        known.check(prompt, cache.lookup(prompt));
        assertEquals(0, cache.lookup(prompt).snapshotPoints().length);
    }

    @Test
    void matchesAndStoredStatesShouldBePrivate() {
        PrefixCache cache = new PrefixCache(model, PLAIN);
        int[] prompt = {1, 2, 3};
        RwkvState state = known.state(prompt);
        float[] logits = known.logits(prompt);
        cache.store(prompt, 3, state, logits);
        state.reset();
        Arrays.fill(logits, 7);
        Arrays.fill(prompt, 7);
        for (int i = 0; i < 2; i++) {
            PrefixMatch match = cache.lookup(new int[]{1, 2, 3});
            known.check(new int[]{1, 2, 3}, match);
            model.logits(new int[]{5}, match.state());
            Arrays.fill(match.logits().orElseThrow(), 7);
        }
    }

    @Test
    void snapshotsShouldBeSuggestedWherePromptsPart() {
        PrefixCache cache = new PrefixCache(model, PLAIN);
        int[] first = range(0, 10);
        assertPoints(cache, first, 10);
        known.store(cache, true, first);
        int[] second = {0, 1, 2, 3, 4, 5, 66, 77};
        assertPoints(cache, second, 6, 8);
        known.store(cache, false, 0, 1, 2, 3, 4, 5);
        assertPoints(cache, second, 8);
        assertPoints(cache, new int[]{0, 1, 2, 3, 4, 5, 6, 99}, 7, 8);
        assertPoints(cache, new int[]{0, 1, 2}, 3);
        assertPoints(cache, first);
        assertPoints(cache, new int[0]);
    }

    @Test
    void strideAndLeastBranchShouldCount() {
        PrefixCacheOptions options = PrefixCacheOptions.builder().stride(4).minBranch(3).build();
        PrefixCache cache = new PrefixCache(model, options);
        assertPoints(cache, range(0, 13), 4, 8, 12, 13);
        assertPoints(cache, range(0, 12), 4, 8, 12);
        known.store(cache, false, range(0, 10));
        assertPoints(cache, new int[]{0, 1, 2, 3, 4, 99, 99}, 4, 5, 7);
        assertPoints(cache, new int[]{0, 1, 99, 99, 99}, 4, 5); // 2 tokens are too few
        known.store(cache, false, range(0, 4));
        assertPoints(cache, new int[]{0, 1, 2, 3, 4, 5, 99}, 7);
    }

    @Test
    void pinnedStatesShouldStay() {
        PrefixCache probe = new PrefixCache(model, PLAIN);
        known.store(probe, false, 1);
        PrefixCache cache = new PrefixCache(model, PLAIN.toBuilder().maxBytes(2 * probe.bytes()).build());
        assertFalse(cache.pin(new int[]{1}), "not there yet");
        known.store(cache, false, 1);
        assertTrue(cache.pin(new int[]{1}));
        for (int i = 2; i < 9; i++) {
            assertTrue(known.store(cache, false, i));
        }
        assertEquals(1, cache.lookup(new int[]{1, 2}).length());
        assertEquals(6, cache.evictions());
        assertTrue(cache.pin(new int[]{8}));
        assertFalse(known.store(cache, false, 9));
        assertEquals(1, cache.refusals());
        assertEquals(2, cache.entries());
        assertTrue(cache.unpin(new int[]{1}));
        assertFalse(cache.unpin(new int[]{1}));
        assertTrue(known.store(cache, false, 9));
        assertEquals(0, cache.lookup(new int[]{1, 2}).length());
        assertEquals(1, cache.lookup(new int[]{8, 2}).length());
    }

    @Test
    void whatCannotFitShouldEvictNothing() {
        PrefixCache probe = new PrefixCache(model, PLAIN);
        known.store(probe, false, 1);
        PrefixCache cache = new PrefixCache(model, PLAIN.toBuilder().maxBytes(probe.bytes() + 8).build());
        assertTrue(known.store(cache, false, 1));
        assertFalse(known.store(cache, true, 2), "logits are too much");
        assertFalse(known.store(cache, false, 1, 2, 3, 4, 5, 6), "the path is too long");
        assertFalse(known.store(cache, true, 1));
        assertEquals(3, cache.refusals());
        assertEquals(0, cache.evictions());
        assertEquals(1, cache.lookup(new int[]{1, 2}).length());
    }

    @Test
    void wrongArgumentsShouldBeRefusedByName() {
        PrefixCache cache = new PrefixCache(model, PLAIN);
        RwkvState state = known.state(1);
        try (RwkvModel other = TinyModel.open(2)) {
            refused("another", () -> cache.store(new int[]{1}, 1, other.newState(), null), "one of model");
        }
        refused("token", () -> cache.lookup(new int[]{1, TinyModel.VOCABULARY}),
                "tokens[1]: expected 0 to 299, found 300");
        refused("token", () -> cache.store(new int[]{-1}, 1, state, null), "tokens[0]");
        refused("length", () -> cache.store(new int[]{1}, 2, state, null), "length");
        refused("length", () -> cache.store(new int[]{1}, 0, state, null), "length");
        refused("length", () -> cache.pin(new int[0]), "length");
        refused("logits", () -> cache.store(new int[]{1}, 1, state, new float[3]),
                "logits: expected 300 elements, found 3");
        PrefixCacheOptions.Builder builder = PrefixCacheOptions.builder();
        refused("option", () -> builder.maxBytes(0), "maxBytes");
        refused("option", () -> builder.maxSpillBytes(0), "maxSpillBytes");
        refused("option", () -> builder.stride(-1), "stride");
        refused("option", () -> builder.minBranch(0), "minBranch");
        assertEquals(0, cache.entries());
    }

    private static void refused(String what, Executable call, String message) {
        String found = assertThrows(IllegalArgumentException.class, call, what).getMessage();
        assertTrue(found.contains(message), found);
    }

    @Test
    void closedCacheShouldRefuse() {
        PrefixCache cache = new PrefixCache(model, PLAIN);
        known.store(cache, false, 1);
        cache.close();
        cache.close();
        assertThrows(IllegalStateException.class, () -> cache.lookup(new int[]{1}));
        assertThrows(IllegalStateException.class, () -> known.store(cache, false, 2));
        assertThrows(IllegalStateException.class, () -> cache.pin(new int[]{1}));
    }
}
