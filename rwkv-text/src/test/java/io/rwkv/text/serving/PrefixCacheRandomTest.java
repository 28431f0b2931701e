package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/** Random operations must do what they do to a list of token sequences. */
class PrefixCacheRandomTest {
    private static final int VOCABULARY = 3;
    private static final int STRIDE = 3;
    private static final int MIN_BRANCH = 2;

    /** All that is remembered, plainly. */
    private static final class Naive {
        final long maxBytes;
        final long stateBytes;
        final long logitsBytes;
        final Map<List<Integer>, Boolean> entries = new LinkedHashMap<>(); // least recently used first; whether with logits
        final Set<List<Integer>> pinned = new LinkedHashSet<>();
        long hits;
        long misses;
        long saved;
        long evictions;
        long refusals;

        Naive(long maxBytes, long stateBytes, long logitsBytes) {
            this.maxBytes = maxBytes;
            this.stateBytes = stateBytes;
            this.logitsBytes = logitsBytes;
        }

        long bytes(boolean logits) {
            return stateBytes + (logits ? logitsBytes : 0);
        }

        long bytes() {
            return TokenTreeTest.bytes(entries.keySet())
                    + entries.values().stream().mapToLong(this::bytes).sum();
        }

        void use(List<Integer> key) {
            entries.put(key, entries.remove(key));
        }

        boolean store(List<Integer> key, boolean logits) {
            if (entries.containsKey(key)) {
                use(key);
                if (logits && !entries.get(key)) {
                    entries.put(key, true);
                    boolean fits = makeRoom(key);
                    entries.put(key, fits);
                    return fits;
                }
                return true;
            }
            long least = pinned.stream().mapToLong(k -> bytes(entries.get(k))).sum() + bytes(logits)
                    + TokenTree.NODE_BYTES + 4L * key.size();
            if (least > maxBytes) {
                refusals++;
                return false;
            }
            entries.put(key, logits);
            if (!makeRoom(key)) {
                entries.remove(key);
                return false;
            }
            return true;
        }

        boolean makeRoom(List<Integer> fresh) {
            while (bytes() > maxBytes) {
                List<Integer> eldest = entries.keySet().stream().filter(k -> !pinned.contains(k)).findFirst()
                        .orElse(fresh);
                if (eldest.equals(fresh)) {
                    refusals++;
                    return false;
                }
                entries.remove(eldest);
                evictions++;
            }
            return true;
        }

        /** The length of the match. */
        int lookup(List<Integer> key) {
            for (int n = key.size(); n > 0; n--) {
                List<Integer> prefix = key.subList(0, n);
                if (entries.containsKey(prefix) && (n < key.size() || entries.get(prefix))) {
                    use(List.copyOf(prefix));
                    hits++;
                    saved += n;
                    return n;
                }
            }
            misses++;
            return 0;
        }

        int[] points(List<Integer> key, int matched) {
            TreeSet<Integer> points = new TreeSet<>();
            if (matched < key.size()) {
                int known = 0;
                for (List<Integer> path : entries.keySet()) {
                    int same = 0;
                    while (same < Math.min(path.size(), key.size()) && path.get(same).equals(key.get(same))) {
                        same++;
                    }
                    known = Math.max(known, same);
                }
                if (known >= matched + MIN_BRANCH) {
                    points.add(known);
                }
                for (int at = STRIDE; at < key.size(); at += STRIDE) {
                    if (at > matched) {
                        points.add(at);
                    }
                }
                points.add(key.size());
            }
            return points.stream().mapToInt(i -> i).toArray();
        }
    }

    @Test
    void cacheShouldDoWhatAListDoes() {
        try (RwkvModel model = TinyModel.open()) {
            KnownStates known = new KnownStates(model);
            for (int round = 0; round < 8; round++) {
                round(model, known, new Random(round));
            }
        }
    }

    private static void round(RwkvModel model, KnownStates known, Random random) {
        long stateBytes = Snapshot.bytes(model.newState(), null);
        long logitsBytes = Snapshot.bytes(model.newState(), new float[TinyModel.VOCABULARY]) - stateBytes;
        long maxBytes = random.nextLong(1, 14) * (stateBytes + TokenTree.NODE_BYTES) + random.nextInt(2000);
        Naive naive = new Naive(maxBytes, stateBytes, logitsBytes);
        PrefixCache cache = new PrefixCache(model,
                PrefixCacheOptions.builder().maxBytes(maxBytes).stride(STRIDE).minBranch(MIN_BRANCH).build());
        for (int i = 0; i < 700; i++) {
            int[] tokens = random.ints(random.nextInt(1, 8), 0, VOCABULARY).toArray();
            int length = random.nextInt(1, tokens.length + 1);
            List<Integer> key = KnownStates.list(tokens);
            List<List<Integer>> old = new ArrayList<>(naive.entries.keySet());
            if (!old.isEmpty() && random.nextInt(3) == 0) { // something that is there
                key = old.get(random.nextInt(old.size()));
                tokens = key.stream().mapToInt(t -> t).toArray();
                length = tokens.length;
            }
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3 -> {
                    int[] read = Arrays.copyOf(tokens, length);
                    boolean logits = random.nextBoolean();
                    assertEquals(naive.store(KnownStates.list(read), logits),
                            cache.store(tokens, length, known.state(read), logits ? known.logits(read) : null));
                }
                case 4 -> {
                    boolean there = naive.entries.containsKey(key) && random.nextInt(3) == 0;
                    if (there) {
                        naive.pinned.add(key);
                    }
                    if (there || !naive.entries.containsKey(key)) {
                        assertEquals(there, cache.pin(tokens));
                    }
                }
                case 5 -> {
                    boolean pinned = naive.pinned.remove(key);
                    if (pinned) {
                        naive.use(key);
                    }
                    assertEquals(pinned, cache.unpin(tokens));
                }
                default -> {
                    int matched = naive.lookup(key);
                    PrefixMatch match = cache.lookup(tokens);
                    assertEquals(matched, match.length());
                    assertArrayEquals(naive.points(key, matched), match.snapshotPoints());
                    known.check(tokens, match);
                }
            }
            assertEquals(naive.bytes(), cache.bytes());
            assertEquals(naive.entries.size(), cache.entries());
        }
        assertEquals(List.of(naive.hits, naive.misses, naive.saved, naive.evictions, naive.refusals),
                List.of(cache.hits(), cache.misses(), cache.tokensSaved(), cache.evictions(), cache.refusals()));
    }
}
