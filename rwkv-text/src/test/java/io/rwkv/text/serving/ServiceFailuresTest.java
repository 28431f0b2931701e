package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** Requests that fail or are slow beside others, and services that are closed. As in {@link GenerationServiceTest}. */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServiceFailuresTest extends ServiceFixture {
    @Test
    void aCallbackThatThrowsShouldEndItsOwnRequest() {
        IllegalStateException thrown = new IllegalStateException("enough");
        RwkvState state = MODEL.newState();
        try (GenerationService service = service(MODEL::forward, sequences(4))) {
            Submission other = service.submit(ServiceRequest.of(letters("y", 200)));
            StringBuffer heard = new StringBuffer();
            Submission submission = service.submit(letters("x", Integer.MAX_VALUE).state(state), piece -> {
                heard.append(piece);
                if (heard.length() == 3) {
                    throw thrown;
                }
            });
            assertSame(thrown, thrownBy(submission));
            assertEquals("aaa", heard.toString());
            assertTrue(submission.text().startsWith("aaa"));
            assertReads(state, "x" + submission.text());
            // Also at the last piece of all, when the text has ended already.
            assertSame(thrown, thrownBy(service.submit(letters("x", 1), piece -> {
                throw thrown;
            })));
            assertEquals(200, other.join().text().length());
            assertEquals(2, service.statistics().failed());
        }
    }

    @Test
    void aSlowCallbackShouldPauseItsOwnRequestOnly() {
        CountDownLatch slow = new CountDownLatch(1);
        List<String> heard = new ArrayList<>();
        try (GenerationService service = service(MODEL::forward, sequences(4).backlog(3))) {
            Submission paused = service.submit(letters("x", 50), piece -> {
                try {
                    slow.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                heard.add(piece);
            });
            assertEquals(300, service.submit(ServiceRequest.of(letters("y", 300))).join().generatedTokens());
            assertTrue(paused.text().length() <= 4, paused.text());
            slow.countDown();
            assertEquals(Collections.nCopies(50, "a"), paused.thenApply(result -> heard).join());
        }
    }

    @Test
    void aPausedRequestShouldStillEndInTime() {
        CountDownLatch slow = new CountDownLatch(1);
        try (GenerationService service = service(MODEL::forward, sequences(1).backlog(1))) {
            Submission paused = service.submit(
                    ServiceRequest.of(letters("x", 50)).deadline(Duration.ofMillis(50)), piece -> {
                        try {
                            slow.await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
            // Its place is free at its deadline, and by its condition, whatever its callback does.
            assertEquals("a", service.submit(ServiceRequest.of(letters("y", 1))).join().text());
            slow.countDown();
            assertEquals(Reason.DEADLINE, paused.join().reason());
        }
    }

    @Test
    void aFailureOfTheModelShouldEndWhomItConcerns() {
        OutOfMemoryError thrown = new OutOfMemoryError("for a test");
        Batch.Forward failing = steps -> {
            if (steps.stream().anyMatch(step -> IntStream.of(step.tokens()).anyMatch(token -> token == '!' + 1))) {
                throw thrown;
            }
            MODEL.forward(steps);
        };
        GenerationOptions greedy = GenerationOptions.builder().temperature(0).maxTokens(20).build();
        RwkvState state = MODEL.newState();
        try (GenerationService service = service(failing, sequences(16))) {
            List<Submission> good = new ArrayList<>();
            List<Submission> bad = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                good.add(service.submit(ServiceRequest.of(GENERATOR.request("good " + i).options(greedy))));
                if (i % 3 == 1) {
                    bad.add(service.submit(ServiceRequest.of(letters("bad!" + i, 3))));
                }
            }
            Submission late = service.submit(ServiceRequest.of(GENERATOR.request("x").state(state).options(
                    GenerationOptions.builder().sampler(() -> logits -> '!' + 1).build())));
            Submission unknown = service.submit(ServiceRequest.of(GENERATOR.request(new int[]{TinyModel.VOCABULARY})));
            bad.forEach(submission -> assertSame(thrown, thrownBy(submission)));
            assertSame(thrown, thrownBy(late));
            assertReads(state, "x");
            assertInstanceOf(IllegalArgumentException.class, thrownBy(unknown));
            for (int i = 0; i < good.size(); i++) {
                assertEquals(GENERATOR.generate("good " + i, greedy), good.get(i).join().text());
            }
        }
    }

    @Test
    void conditionsAndSamplersThatThrowShouldEndTheirOwnRequests() {
        IllegalStateException thrown = new IllegalStateException("no");
        try (GenerationService service = service(MODEL::forward, sequences(1))) {
            Submission other = service.submit(ServiceRequest.of(letters("x", 100)));
            Submission condition = service.submit(ServiceRequest.of(letters("x", 3).cancelledWhen(() -> {
                throw thrown;
            })));
            List<GenerationOptions> options = new ArrayList<>();
            options.add(GenerationOptions.builder().sampler(() -> logits -> {
                throw thrown;
            }).build());
            options.add(GenerationOptions.builder().sampler(() -> {
                throw thrown;
            }).build());
            assertSame(thrown, thrownBy(condition));
            options.forEach(broken -> assertSame(thrown,
                    thrownBy(service.submit(ServiceRequest.of(GENERATOR.request("x").options(broken))))));
            assertEquals(100, other.join().generatedTokens());
            assertEquals(3, service.statistics().failed());
        }
    }

    @Test
    void aStateShouldServeOneRequestAtATime() {
        Gate gate = new Gate(MODEL);
        RwkvState state = MODEL.newState();
        try (GenerationService service = service(gate, sequences(1)); gate) {
            Submission first = service.submit(ServiceRequest.of(letters("x", 2).state(state)));
            Submission second = service.submit(ServiceRequest.of(letters("x", 2).state(state)));
            assertTrue(thrownBy(second).getMessage().contains("another generation"));
            assertThrows(IllegalStateException.class, () -> letters("x", 1).state(state).run());
            gate.open();
            assertEquals("aa", first.join().text());
            assertReads(state, "xaa");
            service.submit(ServiceRequest.of(letters("y", 1).state(state))).join();
            assertReads(state, "xaaya");
        }
    }

    @Test
    void closingShouldLetAllEnd() throws InterruptedException {
        GenerationService service = service(MODEL::forward, sequences(2));
        List<Submission> submissions = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            submissions.add(service.submit(ServiceRequest.of(letters("x", 20))));
        }
        service.close();
        submissions.forEach(submission -> assertEquals(20, submission.getNow(null).text().length()));
        assertTrue(service.isTerminated());
        service.close();
        service.shutdownNow();
        assertTrue(service.awaitTermination(Duration.ZERO));
        assertThrows(RejectedExecutionException.class, () -> service.submit(ServiceRequest.of(letters("x", 1))));
        assertEquals(10, service.statistics().completed());
    }

    @Test
    void closingShouldWaitForRequestsThatPauseAndForTheirCallbacks() {
        GenerationService service = service(MODEL::forward, sequences(1).backlog(1));
        StringBuffer heard = new StringBuffer();
        Submission submission = service.submit(letters("x", 5), piece -> {
            while (!service.isShutdown()) { // till then it is too slow for the next piece
                Thread.onSpinWait();
            }
            LockSupport.parkNanos(20_000_000); // whoever does not wait is through by then
            heard.append(piece);
        });
        service.close();
        assertEquals("aaaaa", heard.toString());
        assertEquals("aaaaa", submission.getNow(null).text());
    }

    @Test
    void shutdownNowShouldCancelAll() {
        GenerationService service = service(MODEL::forward, sequences(2));
        List<Submission> submissions = new ArrayList<>();
        RwkvState state = MODEL.newState();
        submissions.add(service.submit(ServiceRequest.of(letters("x", Integer.MAX_VALUE).state(state))));
        for (int i = 0; i < 5; i++) {
            submissions.add(service.submit(ServiceRequest.of(letters("x", Integer.MAX_VALUE))));
        }
        assertFalse(service.isShutdown());
        service.shutdownNow();
        service.close();
        submissions.forEach(submission -> assertTrue(submission.isCancelled()));
        assertEquals(6, service.statistics().cancelled());
        String text = submissions.get(0).text();
        if (submissions.get(0).queueTime().isPresent() && !text.isEmpty()) {
            assertReads(state, "x" + text);
        }
        letters("y", 1).state(state).run();
    }

    @Test
    void aCallbackMayCloseTheServiceAndCancelItself() {
        CompletableFuture<Submission> own = new CompletableFuture<>();
        GenerationService service = service(MODEL::forward, sequences(2));
        own.complete(service.submit(letters("x", Integer.MAX_VALUE), piece -> {
            service.close();
            own.join().cancel(false);
        }));
        service.close();
        assertTrue(own.join().isCancelled());
        assertTrue(service.isTerminated());
    }

    @Test
    void anInterruptedCloseShouldCancel() throws InterruptedException {
        GenerationService service = service(MODEL::forward, sequences(2));
        Submission endless = service.submit(ServiceRequest.of(letters("x", Integer.MAX_VALUE)));
        AtomicBoolean interrupted = new AtomicBoolean();
        Thread closing = new Thread(() -> {
            service.close();
            interrupted.set(Thread.interrupted());
        });
        closing.start();
        closing.interrupt();
        closing.join();
        assertTrue(interrupted.get());
        assertTrue(endless.isCancelled());
    }

    @Test
    void aModelThatIsClosedShouldEndAllRequests() {
        RwkvModel model = TinyModel.open();
        TextGenerator generator = new TextGenerator(model, TOKENIZER);
        GenerationOptions endless = GenerationOptions.builder().maxTokens(Integer.MAX_VALUE)
                .sampler(() -> logits -> A).build();
        try (GenerationService service = new GenerationService(model, sequences(2).build())) {
            List<Submission> submissions = new ArrayList<>();
            CountDownLatch begun = new CountDownLatch(1);
            for (int i = 0; i < 5; i++) {
                Generation.Request request = generator.request("x").options(endless).state(model.newState());
                submissions.add(service.submit(request, piece -> begun.countDown()));
            }
            begun.await();
            model.close();
            for (Submission submission : submissions) {
                assertEquals("model is closed", thrownBy(submission).getMessage());
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anExecutorThatRejectsShouldEndTheRequest() {
        RejectedExecutionException thrown = new RejectedExecutionException("no room");
        try (GenerationService service = service(MODEL::forward, sequences(2).callbackExecutor(task -> {
            throw thrown;
        }))) {
            assertSame(thrown, thrownBy(service.submit(letters("x", 100), piece -> {})));
        }
    }

    @Test
    void aRequestForAnotherModelShouldBeRefused() {
        try (RwkvModel other = TinyModel.open();
                GenerationService service = new GenerationService(MODEL, ServiceOptions.defaults())) {
            Generation.Request request = new TextGenerator(other, TOKENIZER).request("x");
            assertThrows(IllegalArgumentException.class, () -> service.submit(ServiceRequest.of(request)));
            RwkvState state = other.newState();
            assertEquals(other.fingerprint(), MODEL.fingerprint(), "its states are as good");
            assertEquals("a", service.submit(ServiceRequest.of(letters("x", 1).state(state))).join().text());
        }
    }

    @Test
    void threadsShouldLetTheJvmEnd() {
        Gate gate = new Gate(MODEL);
        try (GenerationService service = service(gate, sequences(2)); gate) {
            List<Thread> callbacks = Collections.synchronizedList(new ArrayList<>());
            Submission submission = service.submit(letters("x", 1), piece -> callbacks.add(Thread.currentThread()));
            gate.await(1);
            Thread[] all = new Thread[Thread.activeCount() + 20];
            int count = Thread.enumerate(all);
            Thread own = Arrays.stream(all, 0, count).filter(thread -> thread.getName().equals("rwkv-service"))
                    .findFirst().orElseThrow();
            assertTrue(own.isDaemon());
            gate.open();
            submission.join();
            assertTrue(callbacks.get(0).isDaemon());
        }
    }
}
