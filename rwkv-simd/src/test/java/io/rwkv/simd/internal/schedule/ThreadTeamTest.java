package io.rwkv.simd.internal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.simd.AtUsableWidth;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;

@AtUsableWidth
@Timeout(60)
class ThreadTeamTest {
    /** Longer than workers spin. */
    private static final long SLEEP_MILLIS = 5;

    /** A task that counts how often each item is done, and fails where a worker's number is used twice at once. */
    private static final class Counting implements ThreadTeam.Task {
        final AtomicIntegerArray done;
        final AtomicIntegerArray busy;

        Counting(int items, int threads) {
            done = new AtomicIntegerArray(items);
            busy = new AtomicIntegerArray(threads);
        }

        @Override
        public void run(int item, int worker) {
            assertEquals(1, busy.incrementAndGet(worker), "items at the same time by worker " + worker);
            done.incrementAndGet(item);
            busy.decrementAndGet(worker);
        }

        void assertDone(int items, int times) {
            for (int i = 0; i < items; i++) {
                assertEquals(times, done.get(i), "item " + i);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void everyItemShouldBeDoneOnce(int threads) {
        try (ThreadTeam team = new ThreadTeam(threads)) {
            assertEquals(threads, team.size());
            for (int task = 0; task < 100_000; task++) {
                int items = task % 7;
                Counting counting = new Counting(items, threads);
                team.run(items, counting);
                counting.assertDone(items, 1);
            }
            Counting many = new Counting(20_000, threads);
            team.run(20_000, many);
            many.assertDone(20_000, 1);
        }
    }

    @Test
    void twoCallersShouldNotDisturbEachOther() throws InterruptedException {
        try (ThreadTeam team = new ThreadTeam(2)) {
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Runnable caller = () -> {
                try {
                    for (int task = 0; task < 20_000; task++) {
                        Counting counting = new Counting(5, 2);
                        team.run(5, counting);
                        counting.assertDone(5, 1);
                    }
                } catch (Throwable e) {
                    failure.set(e);
                }
            };
            Thread other = new Thread(caller);
            other.start();
            caller.run();
            other.join();
            assertNull(failure.get(), () -> String.valueOf(failure.get()));
        }
    }

    /** Every worker does one of as many items as there are threads, its own, all of which wait for each other. */
    private static void meet(ThreadTeam team) {
        CountDownLatch all = new CountDownLatch(team.size());
        Set<Integer> workers = ConcurrentHashMap.newKeySet();
        team.run(team.size(), (item, worker) -> {
            workers.add(worker);
            assertEquals(item, worker, "whose item this is");
            all.countDown();
            try {
                assertTrue(all.await(20, TimeUnit.SECONDS), "a worker did not come");
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertEquals(team.size(), workers.size(), "numbers of " + workers);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void sleepingWorkersShouldWake(int threads) throws InterruptedException {
        try (ThreadTeam team = new ThreadTeam(threads)) {
            for (int i = 0; i < 50; i++) {
                meet(team);
                Thread.sleep(i % 2 * SLEEP_MILLIS);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4})
    void workersWhoAreAboutToSleepShouldWake(int threads) {
        try (ThreadTeam team = new ThreadTeam(threads)) {
            for (int i = 0; i < 300; i++) {
                // About as long as workers spin: some tasks come while a worker lies down.
                long until = System.nanoTime() + 90_000 + i * 100;
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                meet(team);
            }
        }
    }

    @Test
    void failuresShouldBeThrownAndTheTeamWorkOn() {
        try (ThreadTeam team = new ThreadTeam(3)) {
            for (int failing = 0; failing < 10; failing++) {
                int bad = failing;
                Counting counting = new Counting(10, 3);
                RuntimeException reason = new RuntimeException("item " + bad);
                RuntimeException thrown = assertThrows(RuntimeException.class, () -> team.run(10, (item, worker) -> {
                    counting.run(item, worker);
                    if (item == bad) {
                        throw reason;
                    }
                }));
                assertSame(reason, thrown);
                counting.assertDone(10, 1);
                Counting after = new Counting(10, 3);
                team.run(10, after);
                after.assertDone(10, 1);
            }
            AssertionError error = new AssertionError();
            assertSame(error, assertThrows(AssertionError.class, () -> team.run(5, (item, worker) -> {
                throw error;
            })));
            meet(team);
        }
    }

    @Test
    void anItemMayRunTasksOfItsOwn() {
        try (ThreadTeam team = new ThreadTeam(2)) {
            AtomicInteger done = new AtomicInteger();
            team.run(20, (outer, worker) -> team.run(10, (inner, nested) -> done.incrementAndGet()));
            assertEquals(200, done.get());
        }
    }

    @Test
    void tooManyItemsShouldBeRefused() {
        try (ThreadTeam team = new ThreadTeam(2)) {
            assertThrows(IllegalArgumentException.class, () -> team.run(1 << 20, (item, worker) -> {}));
            AtomicInteger done = new AtomicInteger();
            team.run((1 << 20) - 1, (item, worker) -> done.incrementAndGet());
            assertEquals((1 << 20) - 1, done.get());
        }
    }

    private static List<Thread> workers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("rwkv-simd-"))
                .toList();
    }

    @Test
    void threadsShouldKeepNothingOfTheOneThatMadeThem() {
        InheritableThreadLocal<Object> local = new InheritableThreadLocal<>();
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        ClassLoader own = new ClassLoader(before) {
        };
        Set<Object> found = ConcurrentHashMap.newKeySet();
        local.set(local);
        Thread.currentThread().setContextClassLoader(own);
        try (ThreadTeam team = new ThreadTeam(3)) {
            Thread caller = Thread.currentThread();
            CountDownLatch all = new CountDownLatch(team.size());
            team.run(team.size(), (item, worker) -> {
                all.countDown();
                try {
                    all.await(20, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                if (Thread.currentThread() != caller) {
                    assertTrue(Thread.currentThread().isDaemon());
                    assertNull(local.get());
                    found.add(Thread.currentThread().getContextClassLoader());
                }
            });
        } finally {
            Thread.currentThread().setContextClassLoader(before);
            local.remove();
        }
        assertEquals(1, found.size());
        assertFalse(found.contains(own));
    }

    @Test
    void closeShouldEndTheThreads() throws InterruptedException {
        for (long sleep : new long[]{0, SLEEP_MILLIS}) {
            ThreadTeam team = new ThreadTeam(4);
            meet(team);
            Thread.sleep(sleep);
            List<Thread> workers = workers();
            assertTrue(workers.size() >= 3, workers.toString());
            team.close();
            for (Thread worker : workers) {
                worker.join(10_000);
                assertFalse(worker.isAlive(), worker.getName());
            }
        }
        assertEquals(List.of(), workers());
    }
}
