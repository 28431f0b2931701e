package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;

/** A service's threads hold nobody: not who called it first, and not the service. As in {@link GenerationServiceTest}. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceThreadsTest extends ServiceFixture {
    private static final InheritableThreadLocal<String> CALLERS = new InheritableThreadLocal<>();

    /** What a thread of the service's has of its caller's: nothing. */
    private static final class Seen {
        final Map<String, ClassLoader> loaders = new ConcurrentHashMap<>(); // by the thread's name
        final Map<String, String> inherited = new ConcurrentHashMap<>();

        void here() {
            Thread thread = Thread.currentThread();
            loaders.put(thread.getName(), thread.getContextClassLoader());
            inherited.put(thread.getName(), String.valueOf(CALLERS.get()));
        }
    }

    /** Does something in a thread with a class loader and a variable that others may inherit. */
    private static void asCaller(Runnable work) throws IOException {
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader callers = new URLClassLoader(new URL[0], before)) {
            Thread.currentThread().setContextClassLoader(callers);
            CALLERS.set("the caller's");
            work.run();
        } finally {
            CALLERS.remove();
            Thread.currentThread().setContextClassLoader(before);
        }
    }

    /** False, once the latch is open. */
    private static boolean awaited(CountDownLatch latch) {
        try {
            latch.await();
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void assertNothingOfCallers(Seen seen, String name) {
        assertSame(GenerationService.class.getClassLoader(), seen.loaders.get(name), name);
        assertEquals("null", seen.inherited.get(name), name);
    }

    @Test
    void threadsShouldNotHoldWhoCalledFirst() throws IOException {
        Seen seen = new Seen();
        asCaller(() -> {
            CountDownLatch go = new CountDownLatch(1);
            try (GenerationService service = service(MODEL::forward, sequences(1))) {
                Submission submission = service.submit(letters("x", 2).cancelledWhen(() -> {
                    seen.here();
                    return awaited(go);
                }), piece -> seen.here());
                go.countDown();
                submission.join();
            }
        });
        assertNothingOfCallers(seen, "rwkv-service");
        assertNothingOfCallers(seen, "rwkv-callback");
    }

    @Test
    void aThreadInThePlaceOfAnExecutorShouldNotHoldItsCaller() throws IOException {
        Seen seen = new Seen();
        CompletableFuture<Void> end = new CompletableFuture<>();
        asCaller(() -> {
            Delivery delivery = new Delivery(piece -> {}, task -> {
                throw new RejectedExecutionException("no room");
            }, 1, this, () -> {});
            delivery.end(() -> {
                seen.here();
                end.complete(null);
            });
            end.join();
        });
        assertNothingOfCallers(seen, "rwkv-callback");
    }

    /** Gives a service that has worked and that nobody holds. */
    private static WeakReference<GenerationService> forgotten() {
        GenerationService service = service(MODEL::forward, sequences(2));
        assertEquals("aa", service.submit(ServiceRequest.of(letters("x", 2))).join().text());
        return new WeakReference<>(service);
    }

    @Test
    void aServiceThatIsForgottenShouldGo() throws InterruptedException {
        WeakReference<GenerationService> service = forgotten();
        while (service.get() != null) { // its thread waits some seconds for requests
            System.gc();
            Thread.sleep(100);
        }
    }

    @Test
    void aServiceWhoseThreadHasEndedShouldGoOn() throws InterruptedException {
        try (GenerationService service = service(MODEL::forward, sequences(2))) {
            Thread[] own = new Thread[1];
            for (int i = 0; i < 2; i++) {
                assertEquals("a", service.submit(ServiceRequest.of(letters("x", 1).cancelledWhen(() -> {
                    own[0] = Thread.currentThread();
                    return false;
                }))).join().text());
                if (i == 0) {
                    own[0].join();
                }
            }
            assertTrue(own[0].isAlive(), "another one");
        }
    }
}
