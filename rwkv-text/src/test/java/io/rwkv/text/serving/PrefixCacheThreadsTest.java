package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class PrefixCacheThreadsTest {
    private static final int THREADS = 4;
    private static RwkvModel model;
    private static KnownStates known;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        model = TinyModel.open();
        known = new KnownStates(model);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private interface Task {
        Callable<Void> of(int thread);
    }

    private static void runAll(Task task) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        CountDownLatch start = new CountDownLatch(THREADS);
        List<Future<?>> results = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            Callable<Void> mine = task.of(t);
            results.add(threads.submit(() -> {
                start.countDown();
                start.await();
                return mine.call();
            }));
        }
        threads.shutdown();
        for (Future<?> result : results) {
            result.get();
        }
    }

    /** Looks up, stores and pins at random; all that is found must be right. Each thread pins its own tokens alone. */
    private static Task operations(PrefixCache cache, int count) {
        return thread -> () -> {
            Random random = new Random(thread);
            for (int i = 0; i < count; i++) {
                int[] tokens = random.ints(random.nextInt(1, 6), 0, 3).toArray();
                int[] own = {10 + thread, random.nextInt(3)};
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> known.store(cache, random.nextBoolean(), tokens);
                    case 3 -> {
                        if (known.store(cache, true, own) && cache.pin(own)) {
                            known.check(own, cache.lookup(own));
                            assertEquals(2, cache.lookup(own).length(), "pinned");
                            assertTrue(cache.unpin(own));
                        }
                    }
                    default -> known.check(tokens, cache.lookup(tokens));
                }
            }
            return null;
        };
    }

    @Test
    void statesShouldBeRightUnderManyThreads() throws Exception {
        long max = 10 * Snapshot.bytes(model.newState(), new float[TinyModel.VOCABULARY]);
        PrefixCache cache = new PrefixCache(model, PrefixCacheOptions.builder().maxBytes(max).build());
        runAll(operations(cache, 1500));
        assertTrue(cache.evictions() > 100, "evictions " + cache.evictions());
        assertTrue(cache.hits() > 100 && cache.bytes() <= max);
    }

    @Test
    void statesShouldBeRightUnderManyThreadsWithFiles() throws Exception {
        long max = 20 * Snapshot.bytes(model.newState(), new float[TinyModel.VOCABULARY]);
        PrefixCacheOptions options = PrefixCacheOptions.builder().maxBytes(max).spillFolder(folder)
                .maxSpillBytes(max).build();
        for (int round = 0; round < 2; round++) {
            try (PrefixCache cache = new PrefixCache(model, options)) {
                if (round == 1) { // what is written in time differs, but a close writes all that fits
                    assertTrue(cache.fileEntries() > 0);
                    runAll(thread -> () -> {
                        lookUpAll(cache, new int[0]);
                        return null;
                    });
                    assertTrue(cache.loads() > 0);
                }
                runAll(operations(cache, 250));
                cache.awaitWritten();
                assertTrue(cache.bytes() <= max && cache.fileBytes() <= max);
                assertEquals(0, cache.discardedFiles());
            }
        }
    }

    /** All that {@link #operations} stores for all threads. */
    private static void lookUpAll(PrefixCache cache, int[] beginning) {
        for (int token = 0; token < 3; token++) {
            int[] tokens = Arrays.copyOf(beginning, beginning.length + 1);
            tokens[beginning.length] = token;
            known.check(tokens, cache.lookup(tokens));
            if (tokens.length < 6) {
                lookUpAll(cache, tokens);
            }
        }
    }

    @Test
    void nothingShouldBeLost() throws Exception {
        PrefixCache cache = new PrefixCache(model, PrefixCacheOptions.builder().maxBytes(1 << 26).build());
        int each = 200;
        runAll(thread -> () -> {
            for (int i = 0; i < each; i++) {
                int[] tokens = {1, i % 7, thread, i};
                assertTrue(known.store(cache, false, tokens));
                assertEquals(4, cache.lookup(new int[]{1, i % 7, thread, i, 5}).length());
                known.store(cache, true, 2, i); // all threads the same
            }
            return null;
        });
        assertEquals(THREADS * each + each, cache.entries());
        assertEquals(THREADS * each, cache.hits());
        assertEquals(4L * THREADS * each, cache.tokensSaved());
        for (int i = 0; i < each; i++) {
            known.check(new int[]{2, i}, cache.lookup(new int[]{2, i}));
            assertEquals(2, cache.lookup(new int[]{2, i}).length());
        }
    }

    /** What happens during a close either works or says that the cache is closed. */
    @Test
    void closeShouldNotBreakWhatRuns() throws Exception {
        long max = 20 * Snapshot.bytes(model.newState(), new float[TinyModel.VOCABULARY]);
        PrefixCacheOptions options = PrefixCacheOptions.builder().maxBytes(max).spillFolder(folder).build();
        for (int round = 0; round < 4; round++) {
            PrefixCache cache = new PrefixCache(model, options);
            runAll(thread -> () -> {
                if (thread == 0) {
                    Thread.sleep(10);
                    cache.close();
                    return null;
                }
                try {
                    return operations(cache, 100_000).of(thread).call();
                } catch (IllegalStateException e) {
                    assertEquals("prefix cache is closed", e.getMessage());
                    return null;
                }
            });
        }
    }
}
