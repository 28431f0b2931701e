package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** A service's threads hold nobody: not who called it first, and not the service. As in {@link GenerationServiceTest}. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
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

    /** @param executor null for the service's own threads */
    private static Seen threadsOf(Executor executor) throws Exception {
        Seen seen = new Seen();
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try (URLClassLoader callers = new URLClassLoader(new URL[0], before)) {
            Thread.currentThread().setContextClassLoader(callers);
            CALLERS.set("the caller's");
            ServiceOptions.Builder options = sequences(1);
            try (GenerationService service = service(MODEL::forward,
                    executor == null ? options : options.callbackExecutor(executor))) {
                CountDownLatch go = new CountDownLatch(1);
                Submission submission = service.submit(letters("x", 2).cancelledWhen(() -> {
                    seen.here();
                    return awaited(go);
                }), piece -> seen.here());
                CompletableFuture<Void> end = submission.handle((result, thrown) -> {
                    seen.here();
                    return null;
                });
                go.countDown();
                end.join();
            }
        } finally {
            CALLERS.remove();
            Thread.currentThread().setContextClassLoader(before);
        }
        return seen;
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

    @Test
    void threadsShouldNotHoldWhoCalledFirst() throws Exception {
        Executor rejecting = task -> {
            throw new RejectedExecutionException("no room");
        };
        for (Executor executor : new Executor[]{null, rejecting}) {
            Seen seen = threadsOf(executor);
            for (String name : List.of("rwkv-service", "rwkv-callback")) {
                assertSame(GenerationService.class.getClassLoader(), seen.loaders.get(name), name);
                assertEquals("null", seen.inherited.get(name), name);
            }
        }
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
