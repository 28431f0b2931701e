package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class PrefixCacheTest {
    private static final long PLENTY = 1L << 30;

    private static RwkvModel model;

    @BeforeAll
    static void open() {
        model = TinyModel.open();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    static PrefixCacheOptions options(long bytes) {
        return PrefixCacheOptions.builder().maxBytes(bytes).stride(0).minBranch(1).build();
    }

    /** Not what the model makes of the tokens, but as different for each sequence, and made in no time. */
    static RwkvState stateOf(RwkvModel model, int... tokens) {
        byte[] bytes = model.newState().toBytes();
        RwkvState state = model.stateFrom(bytes);
        model.logits(new int[]{Math.floorMod(Arrays.hashCode(tokens), TinyModel.VOCABULARY)}, state);
        return state;
    }

    static void assertSame(RwkvState expected, RwkvState actual) {
        for (int layer = 0; layer < expected.layers(); layer++) {
            for (String part : expected.parts()) {
                assertArrayEquals(expected.read(layer, part), actual.read(layer, part), part);
            }
        }
    }

    private static float[] logitsOf(int... tokens) {
        float[] logits = new float[TinyModel.VOCABULARY];
        Arrays.fill(logits, Arrays.hashCode(tokens));
        return logits;
    }

    @Test
    void theLongestRememberedPrefixShouldBeFound() {
        try (PrefixCache cache = new PrefixCache(model, options(PLENTY))) {
            int[] tokens = {1, 2, 3, 4, 5};
            assertEquals(0, cache.lookup(tokens).length());
            assertSame(model.newState(), cache.lookup(tokens).state());
            RwkvState two = stateOf(model, 1, 2);
            RwkvState four = stateOf(model, 1, 2, 3, 4);
            assertTrue(cache.store(tokens, 4, four, null));
            assertTrue(cache.store(tokens, 2, two, null));
            PrefixMatch match = cache.lookup(tokens);
            assertEquals(4, match.length());
            assertSame(four, match.state());
            assertTrue(match.logits().isEmpty());
            assertArrayEquals(new int[]{5}, match.snapshotPoints());
            assertEquals(2, cache.lookup(new int[]{1, 2, 3, 9}).length());
            assertEquals(0, cache.lookup(new int[]{1, 9}).length());
            assertEquals(2, cache.lookup(new int[]{1, 2, 3, 4}).length(), "the whole prompt needs its logits");
            float[] logits = logitsOf(1, 2, 3, 4);
            assertTrue(cache.store(tokens, 4, four, logits));
            PrefixMatch whole = cache.lookup(new int[]{1, 2, 3, 4});
            assertEquals(4, whole.length());
            assertArrayEquals(logits, whole.logits().orElseThrow());
            assertNotSame(logits, whole.logits().orElseThrow());
            assertEquals(0, whole.snapshotPoints().length);
            assertEquals(2, cache.entries());
            assertEquals(4, cache.hits());
            assertEquals(3, cache.misses());
            assertEquals(4 + 2 + 2 + 4, cache.tokensSaved());
        }
    }

    @Test
    void whatACallerDoesToAStateShouldReachNobody() {
        try (PrefixCache cache = new PrefixCache(model, options(PLENTY))) {
            int[] tokens = {1, 2};
            RwkvState state = stateOf(model, tokens);
            RwkvState before = state.copy();
            cache.store(tokens, 2, state, logitsOf(tokens));
            model.logits(new int[]{7}, state);
            PrefixMatch match = cache.lookup(tokens);
            assertSame(before, match.state());
            model.logits(new int[]{7}, match.state());
            match.logits().orElseThrow()[0] = 99;
            assertSame(before, cache.lookup(tokens).state());
            assertArrayEquals(logitsOf(tokens), cache.lookup(tokens).logits().orElseThrow());
        }
    }

    @Test
    void snapshotsShouldBeSuggestedWherePromptsPart() {
        PrefixCacheOptions options = PrefixCacheOptions.builder().maxBytes(PLENTY).stride(10).minBranch(3).build();
        try (PrefixCache cache = new PrefixCache(model, options)) {
            int[] first = new Random(1).ints(25, 0, 100).toArray();
            assertArrayEquals(new int[]{10, 20, 25}, cache.lookup(first).snapshotPoints());
            cache.store(first, 25, stateOf(model, first), null);
            int[] second = Arrays.copyOf(first, 30);
            Arrays.fill(second, 14, 30, 200);
            assertArrayEquals(new int[]{10, 14, 20, 30}, cache.lookup(second).snapshotPoints());
            cache.store(second, 14, stateOf(model, second), null);
            int[] third = Arrays.copyOf(first, 16);
            third[15] = 250;
            assertEquals(14, cache.lookup(third).length());
            assertArrayEquals(new int[]{16}, cache.lookup(third).snapshotPoints(), "15 is too near");
        }
    }

    /** Against a map of everything that was stored. */
    @Test
    void randomPromptsShouldFindWhatAMapFinds() {
        Random random = new Random(2);
        try (PrefixCache cache = new PrefixCache(model, options(PLENTY))) {
            Map<List<Integer>, RwkvState> states = new HashMap<>();
            Map<List<Integer>, Boolean> logits = new HashMap<>();
            for (int i = 0; i < 3000; i++) {
                int[] tokens = random.ints(1 + random.nextInt(12), 0, 3).toArray();
                List<Integer> list = Arrays.stream(tokens).boxed().toList();
                if (random.nextInt(4) == 0) {
                    int length = 1 + random.nextInt(tokens.length);
                    List<Integer> prefix = list.subList(0, length);
                    int[] stored = Arrays.copyOf(tokens, length);
                    boolean withLogits = random.nextBoolean();
                    states.computeIfAbsent(List.copyOf(prefix), k -> stateOf(model, stored));
                    logits.merge(List.copyOf(prefix), withLogits, Boolean::logicalOr);
                    assertTrue(cache.store(tokens, length, states.get(prefix), withLogits ? logitsOf(stored) : null));
                }
                int best = 0;
                for (int n = 1; n <= tokens.length; n++) {
                    List<Integer> prefix = list.subList(0, n);
                    if (states.containsKey(prefix) && (n < tokens.length || logits.get(prefix))) {
                        best = n;
                    }
                }
                int known = 0;
                for (List<Integer> path : states.keySet()) {
                    int same = 0;
                    while (same < Math.min(path.size(), tokens.length) && path.get(same) == tokens[same]) {
                        same++;
                    }
                    known = Math.max(known, same);
                }
                PrefixMatch match = cache.lookup(tokens);
                assertEquals(best, match.length());
                assertSame(best == 0 ? model.newState() : states.get(list.subList(0, best)), match.state());
                assertEquals(best == tokens.length, match.logits().isPresent());
                int[] expected = best == tokens.length ? new int[0] : new int[]{known, tokens.length};
                assertArrayEquals(Arrays.stream(expected).filter(n -> n > match.length()).distinct().toArray(),
                        match.snapshotPoints());
                assertEquals(states.size(), cache.entries());
            }
        }
    }

    /** Against a map in the order of use. All entries are of one size. */
    @Test
    void theLeastRecentlyUsedShouldGoFirst() {
        long bytes;
        try (PrefixCache cache = new PrefixCache(model, options(PLENTY))) {
            cache.store(new int[]{1, 2}, 2, stateOf(model, 1, 2), null);
            bytes = cache.bytes();
        }
        Random random = new Random(3);
        int capacity = 5;
        LinkedHashMap<Integer, RwkvState> map = new LinkedHashMap<>(16, 0.75f, true);
        try (PrefixCache cache = new PrefixCache(model, options(capacity * bytes))) {
            long evictions = 0;
            for (int i = 0; i < 2000; i++) {
                int key = random.nextInt(12);
                int[] tokens = {key, 100};
                if (random.nextBoolean()) {
                    RwkvState state = stateOf(model, tokens);
                    assertTrue(cache.store(tokens, 2, state, null));
                    if (map.put(key, state) == null && map.size() > capacity) {
                        map.remove(map.keySet().iterator().next());
                        evictions++;
                    }
                } else {
                    assertEquals(map.get(key) == null ? 0 : 2, cache.lookup(new int[]{key, 100, 5}).length());
                }
                assertTrue(cache.bytes() <= capacity * bytes, cache.bytes() + " bytes");
                assertEquals(map.size(), cache.entries());
                assertEquals(evictions, cache.evictions());
            }
            assertTrue(evictions > 100);
        }
    }

    @Test
    void pinnedOnesShouldStay() {
        RwkvState state = stateOf(model, 1);
        try (PrefixCache cache = new PrefixCache(model, options(4 * (state.byteSize() + 1500)))) {
            int[] pinned = {1, 1};
            assertFalse(cache.pin(pinned));
            cache.store(pinned, 2, state, null);
            assertTrue(cache.pin(pinned));
            for (int i = 2; i < 50; i++) {
                cache.store(new int[]{i}, 1, state, null);
            }
            assertTrue(cache.evictions() > 40);
            assertEquals(2, cache.lookup(new int[]{1, 1, 1}).length());
            assertTrue(cache.unpin(pinned));
            assertFalse(cache.unpin(pinned));
            for (int i = 50; i < 60; i++) {
                cache.store(new int[]{i}, 1, state, null);
            }
            assertEquals(0, cache.lookup(new int[]{1, 1, 1}).length());
        }
    }

    @Test
    void whatIsTooLargeShouldBeRefusedAndDisturbNothing() {
        RwkvState state = stateOf(model, 1);
        try (PrefixCache cache = new PrefixCache(model, options(state.byteSize() + 1500))) {
            assertTrue(cache.store(new int[]{1}, 1, state, null));
            assertFalse(cache.store(new int[]{2}, 1, state, new float[TinyModel.VOCABULARY]));
            assertFalse(cache.store(new int[2000], 2000, state, null));
            assertEquals(2, cache.refusals());
            assertEquals(1, cache.lookup(new int[]{1, 2}).length());
        }
    }

    @Test
    void nonsenseShouldBeRefused() {
        RwkvState state = model.newState();
        PrefixCache cache = new PrefixCache(model, options(PLENTY));
        assertThrows(IllegalArgumentException.class, () -> cache.store(new int[]{1}, 0, state, null));
        assertThrows(IllegalArgumentException.class, () -> cache.store(new int[]{1}, 2, state, null));
        assertThrows(IllegalArgumentException.class, () -> cache.store(new int[]{-1}, 1, state, null));
        assertThrows(IllegalArgumentException.class, () -> cache.lookup(new int[]{TinyModel.VOCABULARY}));
        assertThrows(IllegalArgumentException.class, () -> cache.store(new int[]{1}, 1, state, new float[3]));
        try (RwkvModel other = TinyModel.open(2)) {
            assertThrows(IllegalArgumentException.class, () -> cache.store(new int[]{1}, 1, other.newState(), null));
        }
        assertEquals(0, cache.entries());
        cache.close();
        cache.close();
        assertThrows(IllegalStateException.class, () -> cache.lookup(new int[]{1}));
        assertThrows(IllegalStateException.class, () -> cache.store(new int[]{1}, 1, state, null));
    }

    @Test
    void readingOnFromASnapshotShouldGiveWhatReadingAllGives() {
        int[] tokens = new Random(4).ints(60, 0, TinyModel.VOCABULARY).toArray();
        RwkvState whole = model.newState();
        float[] expected = model.logits(tokens, whole);
        try (PrefixCache cache = new PrefixCache(model, PrefixCacheOptions.builder().stride(16).build())) {
            for (int round = 0; round < 3; round++) {
                PrefixMatch match = cache.lookup(round == 1 ? Arrays.copyOf(tokens, 40) : tokens);
                int[] prompt = round == 1 ? Arrays.copyOf(tokens, 40) : tokens;
                int done = match.length();
                float[] logits = match.logits().orElse(null);
                for (int point : match.snapshotPoints()) {
                    logits = model.logits(Arrays.copyOfRange(prompt, done, point), match.state());
                    cache.store(prompt, point, match.state(), logits);
                    done = point;
                }
                if (round != 1) {
                    assertArrayEquals(expected, logits, 1e-4f);
                    assertTrue(TinyModel.difference(whole, match.state()) < 1e-4);
                    assertEquals(round == 0 ? 0 : 60, match.length());
                }
            }
        }
    }

    @Test
    void manyThreadsShouldSeeWholeStatesOnly() throws Exception {
        RwkvState one = stateOf(model, 0);
        try (PrefixCache cache = new PrefixCache(model, options(6 * (one.byteSize() + 1500)))) {
            ExecutorService pool = Executors.newFixedThreadPool(4);
            List<Future<Void>> done = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                Random random = new Random(thread);
                Map<Integer, RwkvState> expected = new HashMap<>(); // the thread's own: a state is for one at a time
                for (int key = 0; key < 20; key++) {
                    expected.put(key, stateOf(model, key, 100));
                }
                Callable<Void> work = () -> {
                    for (int i = 0; i < 1500; i++) {
                        int key = random.nextInt(20);
                        PrefixMatch match = cache.lookup(new int[]{key, 100, 5});
                        if (match.length() == 2) {
                            assertSame(expected.get(key), match.state());
                        } else {
                            cache.store(new int[]{key, 100}, 2, expected.get(key), null);
                        }
                    }
                    return null;
                };
                done.add(pool.submit(work));
            }
            for (Future<Void> each : done) {
                each.get();
            }
            pool.shutdown();
            assertEquals(6000, cache.hits() + cache.misses());
            assertTrue(cache.hits() > 100 && cache.evictions() > 100);
        }
    }
}
