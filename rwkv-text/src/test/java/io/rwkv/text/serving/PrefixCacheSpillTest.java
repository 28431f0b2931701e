package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Evicted snapshots go to files and come back. With a model whose states are much larger than what is known of a file. */
class PrefixCacheSpillTest {
    private static RwkvModel model;
    private static KnownStates known;
    private static long snapshotBytes;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() throws IOException {
        model = Rwkv.open(DemoModel.checkpoint());
        known = new KnownStates(model);
        snapshotBytes = Snapshot.bytes(model.newState(), new float[model.config().vocabularySize()]);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private PrefixCache cache(double snapshots, double files) {
        return new PrefixCache(model, PrefixCacheOptions.builder().maxBytes((long) (snapshots * snapshotBytes))
                .spillFolder(folder.resolve("spill")).maxSpillBytes((long) (files * snapshotBytes)).build());
    }

    private static void check(PrefixCache cache, int length, int... tokens) {
        PrefixMatch match = cache.lookup(tokens);
        assertEquals(length, match.length(), () -> Arrays.toString(tokens));
        known.check(tokens, match);
    }

    @Test
    void evictedShouldComeBackFromFiles() {
        try (PrefixCache cache = cache(4, 100)) {
            for (int i = 0; i < 8; i++) {
                assertTrue(known.store(cache, true, i, i + 1));
                cache.awaitWritten();
            }
            assertTrue(cache.evictions() >= 4, "evictions " + cache.evictions());
            assertEquals(cache.evictions(), cache.spills());
            assertEquals(8, cache.entries() + cache.fileEntries());
            assertTrue(cache.bytes() <= 4 * snapshotBytes, "bytes " + cache.bytes());
            for (int i = 0; i < 8; i++) {
                check(cache, 2, i, i + 1);
                cache.awaitWritten(); // else more is evicted than may wait to be written
                check(cache, 2, i, i + 1, 9);
            }
            assertTrue(cache.loads() >= 4, "loads " + cache.loads());
            assertEquals(0, cache.lostSpills());
            assertEquals(16, cache.hits());
        }
    }

    @Test
    void pinShouldBringBackFromFileAndKeep() {
        try (PrefixCache cache = cache(4, 100)) {
            for (int i = 0; i < 8; i++) {
                known.store(cache, true, i);
                cache.awaitWritten();
            }
            assertTrue(cache.pin(new int[]{0}));
            long loads = cache.loads();
            for (int i = 1; i < 8; i++) {
                known.store(cache, true, i);
                cache.awaitWritten();
            }
            check(cache, 1, 0);
            assertEquals(loads, cache.loads(), "it stayed in memory");
        }
    }

    @Test
    void logitsShouldReachTheFileWhenTheyComeLater() {
        try (PrefixCache cache = cache(4, 100)) {
            known.store(cache, false, 1, 2);
            for (int round = 0; round < 2; round++) { // first evicted without, then with logits
                for (int i = 10; i < 18; i++) {
                    known.store(cache, true, i);
                    cache.awaitWritten();
                }
                check(cache, round == 0 ? 0 : 2, 1, 2);
                known.store(cache, true, 1, 2);
            }
        }
        try (PrefixCache again = cache(4, 100)) {
            check(again, 2, 1, 2);
        }
    }

    @Test
    void newCacheShouldFindWhatAnotherLeft() {
        try (PrefixCache cache = cache(10, 100)) {
            known.store(cache, true, 1, 2, 3);
            known.store(cache, false, 1, 2);
            known.store(cache, true, 4);
            cache.pin(new int[]{4});
        }
        try (PrefixCache cache = cache(10, 100)) {
            assertEquals(3, cache.fileEntries());
            assertEquals(0, cache.entries());
            check(cache, 3, 1, 2, 3);
            check(cache, 2, 1, 2, 9);
            check(cache, 0, 1, 0);
            check(cache, 1, 4);
            assertEquals(3, cache.loads());
            assertEquals(0, cache.spills(), "nothing is written again");
        }
        try (PrefixCache cache = cache(10, 100)) {
            check(cache, 3, 1, 2, 3);
        }
    }

    @Test
    void filesShouldStayWithinTheirBound() throws IOException {
        try (PrefixCache cache = cache(3, 4)) {
            for (int i = 0; i < 12; i++) {
                known.store(cache, true, i);
                cache.awaitWritten();
                assertTrue(cache.fileBytes() <= 4 * snapshotBytes, "bytes " + cache.fileBytes());
            }
            assertTrue(cache.fileBytes() > 2 * snapshotBytes, "bytes " + cache.fileBytes());
            check(cache, 0, 0);
            check(cache, 1, 11);
            check(cache, 1, 8);
        }
        try (PrefixCache cache = cache(30, 4)) {
            assertTrue(cache.fileEntries() >= 3, "entries " + cache.fileEntries());
            check(cache, 1, 8); // used last
            assertTrue(cache.fileBytes() <= 4 * snapshotBytes);
        }
        try (PrefixCache cache = cache(3, 0.5)) {
            assertEquals(0, cache.fileBytes());
            known.store(cache, true, 1);
        }
        try (PrefixCache cache = cache(3, 0.5)) {
            check(cache, 0, 1);
        }
    }

    /** Nothing is forgotten while there is room for files; after a restart all is there. */
    @Test
    void randomOperationsShouldFindAllThatWasStored() {
        Random random = new Random(11);
        Map<List<Integer>, Boolean> stored = new HashMap<>(); // whether with logits
        PrefixCache cache = cache(14, 1000);
        for (int i = 0; i < 250; i++) {
            int[] tokens = random.ints(random.nextInt(1, 6), 0, 2).toArray();
            List<Integer> key = KnownStates.list(tokens);
            switch (random.nextInt(20)) {
                case 0 -> {
                    cache.close();
                    assertEquals(0, cache.lostSpills());
                    assertEquals(0, cache.discardedFiles());
                    cache = cache(14, 1000);
                    assertEquals(stored.size(), cache.fileEntries());
                }
                case 1 -> assertEquals(stored.containsKey(key), cache.pin(tokens));
                case 2, 3, 4 -> cache.unpin(tokens);
                case 5, 6, 7, 8, 9, 10 -> {
                    boolean logits = random.nextBoolean();
                    if (known.store(cache, logits, tokens)) {
                        stored.merge(key, logits, Boolean::logicalOr);
                    }
                    assertEquals(0, cache.refusals(), "there is always something that can be evicted");
                }
                default -> {
                    int longest = 0;
                    for (int n = 1; n <= tokens.length; n++) {
                        Boolean logits = stored.get(key.subList(0, n));
                        longest = logits != null && (logits || n < tokens.length) ? n : longest;
                    }
                    check(cache, longest, tokens);
                }
            }
            cache.awaitWritten();
            assertTrue(cache.bytes() <= 14 * snapshotBytes);
            assertEquals(stored.size(), cache.entries() + cache.fileEntries());
        }
        cache.close();
    }

    @Test
    void cachesThatShareAFolderShouldNotBreakEachOther() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        List<Future<?>> results = new ArrayList<>();
        for (int t = 0; t < 2; t++) {
            Random random = new Random(t);
            results.add(threads.submit(() -> {
                for (int round = 0; round < 3; round++) {
                    try (PrefixCache cache = cache(3, 6)) {
                        for (int i = 0; i < 60; i++) {
                            int[] tokens = random.ints(random.nextInt(1, 4), 0, 3).toArray();
                            known.check(tokens, cache.lookup(tokens));
                            assertTrue(known.store(cache, random.nextBoolean(), tokens));
                        }
                        assertEquals(0, cache.discardedFiles());
                    }
                }
            }));
        }
        threads.shutdown();
        for (Future<?> result : results) {
            result.get();
        }
        try (PrefixCache cache = cache(30, 6)) {
            assertTrue(cache.fileEntries() > 0);
            assertTrue(cache.fileBytes() <= 6 * snapshotBytes);
        }
    }

    /** A state refuses two at once, and copying one of this size takes long enough for them to meet. */
    @Test
    void manyThreadsShouldReadOneSnapshot() throws Exception {
        try (PrefixCache cache = cache(10, 100)) {
            known.store(cache, true, 1);
            ExecutorService threads = Executors.newFixedThreadPool(4);
            List<Future<?>> results = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                results.add(threads.submit(() -> {
                    for (int i = 0; i < 3000; i++) {
                        assertEquals(1, cache.lookup(new int[]{1, 2}).length());
                    }
                }));
            }
            threads.shutdown();
            for (Future<?> result : results) {
                result.get();
            }
            assertEquals(4 * 3000, cache.hits());
        }
    }

    @Test
    void folderThatVanishesShouldCostSnapshotsAndNothingElse() throws IOException {
        try (PrefixCache cache = cache(3, 100)) {
            known.store(cache, true, 1);
            for (int i = 2; i < 8; i++) {
                known.store(cache, true, i);
                cache.awaitWritten();
            }
            assertTrue(cache.fileEntries() > 0);
            try (var files = Files.walk(folder.resolve("spill"))) {
                for (Path path : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                    Files.delete(path);
                }
            }
            check(cache, 0, 1);
            for (int i = 20; i < 30; i++) {
                assertTrue(known.store(cache, true, i));
                cache.awaitWritten();
            }
            assertTrue(cache.lostSpills() > 0);
            assertEquals(0, cache.fileBytes());
            check(cache, 1, 29);
        }
    }

    @Test
    void folderThatCannotBeMadeShouldBeRefusedByName() throws IOException {
        Files.writeString(folder.resolve("spill"), "a file");
        String message = assertThrows(UncheckedIOException.class, () -> cache(3, 3)).getMessage();
        assertTrue(message.contains("spillFolder") && message.contains("spill"), message);
    }

    @Test
    void matchShouldSurviveTheCache() {
        PrefixMatch match;
        try (PrefixCache cache = cache(10, 100)) {
            known.store(cache, true, 1, 2);
            match = cache.lookup(new int[]{1, 2});
            assertFalse(match.toString().isEmpty());
        }
        known.check(new int[]{1, 2}, match);
    }
}
