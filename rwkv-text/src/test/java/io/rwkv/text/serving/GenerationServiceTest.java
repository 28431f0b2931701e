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
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

/**
 * What happens to requests beside others. Steps are counted, not timed: a {@link Gate} lets them
 * through. The timeout only keeps a fault from hanging the build.
 */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GenerationServiceTest {
    private static final RwkvModel MODEL = TinyModel.open();
    private static final WorldTokenizer TOKENIZER = TinyModel.tokenizer();
    private static final TextGenerator GENERATOR = new TextGenerator(MODEL, TOKENIZER);
    private static final int A = 'a' + 1;

    @AfterAll
    static void close() {
        MODEL.close();
    }

    /** Writes so many letters a. */
    private static Generation.Request letters(String prompt, int count) {
        return GENERATOR.request(prompt)
                .options(GenerationOptions.builder().maxTokens(count).sampler(() -> logits -> A).build());
    }

    private static GenerationService service(Batch.Forward forward, ServiceOptions.Builder options) {
        return new GenerationService(MODEL, forward, options.build());
    }

    private static ServiceOptions.Builder sequences(int most) {
        return ServiceOptions.builder().maxSequences(most);
    }

    private static Throwable thrownBy(Submission submission) {
        return assertThrows(CompletionException.class, submission::join).getCause();
    }

    private static void assertReads(RwkvState state, String text) {
        RwkvState expected = MODEL.newState();
        MODEL.logits(TOKENIZER.encode(text), expected);
        assertTrue(TinyModel.difference(expected, state) < 1e-3, "state has read " + text);
    }

    @Test
    void aFullQueueShouldRejectWithCounts() {
        Gate gate = new Gate(MODEL);
        try (GenerationService service = service(gate, sequences(1).queueCapacity(2)); gate) {
            List<Submission> accepted = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                accepted.add(service.submit(ServiceRequest.of(letters("x", 2))));
            }
            gate.await(1);
            assertEquals(1, service.statistics().running());
            assertEquals(2, service.statistics().queued());
            String message = assertThrows(RejectedExecutionException.class,
                    () -> service.submit(ServiceRequest.of(letters("x", 2)))).getMessage();
            assertEquals("queue is full: 1 of 1 requests run, 2 wait, 2 may wait", message);
            assertEquals(1, service.statistics().rejected());
            gate.open();
            accepted.forEach(submission -> assertEquals("aa", submission.join().text()));
        }
    }

    private static List<String> order(Gate gate, GenerationService service, List<ServiceRequest> requests) {
        List<String> ended = Collections.synchronizedList(new ArrayList<>());
        List<Submission> submissions = new ArrayList<>();
        submissions.add(service.submit(requests.get(0)));
        gate.await(1); // it runs; the others wait for its place
        requests.subList(1, requests.size()).forEach(request -> submissions.add(service.submit(request)));
        for (int i = 0; i < requests.size(); i++) {
            String name = requests.get(i).caller() + requests.get(i).request().prompt().length;
            submissions.get(i).thenAccept(result -> ended.add(name));
        }
        gate.open();
        submissions.forEach(Submission::join);
        service.close();
        return ended;
    }

    private static ServiceRequest of(String caller, int number) {
        return ServiceRequest.of(letters("x".repeat(number), 1)).caller(caller);
    }

    @Test
    void callersShouldTakeTurns() {
        Gate gate = new Gate(MODEL);
        GenerationService service = service(gate, sequences(1).callbackExecutor(Runnable::run));
        assertEquals(List.of("alice1", "bob1", "alice2", "bob2", "alice3", "alice4"), order(gate, service,
                List.of(of("alice", 1), of("alice", 2), of("alice", 3), of("alice", 4), of("bob", 1), of("bob", 2))));
    }

    @Test
    void aHigherPriorityShouldStartFirst() {
        Gate gate = new Gate(MODEL);
        GenerationService service = service(gate, sequences(1).callbackExecutor(Runnable::run));
        assertEquals(List.of("a1", "b3", "b4", "a2"), order(gate, service,
                List.of(of("a", 1), of("a", 2), of("b", 3).priority(2), of("b", 4).priority(1))));
    }

    @Test
    void aLongPromptShouldNotHoldOthersUp() {
        Gate gate = new Gate(MODEL);
        try (GenerationService service = service(gate, sequences(4).promptRows(64)); gate) {
            Submission writer = service.submit(ServiceRequest.of(letters("x", 1000)));
            gate.await(1);
            Submission reader = service.submit(ServiceRequest.of(letters("y".repeat(1000), 1)));
            gate.open();
            reader.join();
            writer.cancel(false);
        }
        List<Integer> pieces = new ArrayList<>();
        for (List<int[]> call : gate.calls) {
            int[] piece = call.stream().filter(tokens -> tokens[0] == 'y' + 1).findFirst().orElse(null);
            if (piece != null) {
                assertTrue(call.stream().anyMatch(tokens -> tokens[0] == A), "the writer goes on beside it");
                pieces.add(piece.length);
            }
        }
        assertEquals(1000, pieces.stream().mapToInt(n -> n).sum());
        assertEquals(16, pieces.size());
        assertEquals(64, Collections.max(pieces));
    }

    @Test
    void longPromptsShouldBeReadInTurns() {
        Gate gate = new Gate(MODEL);
        try (GenerationService service = service(gate, sequences(4).promptRows(64).promptRowsAlone(64)); gate) {
            service.submit(ServiceRequest.of(letters("x", 1)));
            gate.await(1);
            for (char c : new char[]{'p', 'q'}) {
                service.submit(ServiceRequest.of(letters(String.valueOf(c).repeat(256), 1)).caller("alice"));
            }
            service.submit(ServiceRequest.of(letters("r".repeat(256), 1)).caller("bob"));
            gate.open();
        }
        StringBuilder order = new StringBuilder();
        gate.calls.subList(1, gate.calls.size()).forEach(call -> order.append((char) (call.get(0)[0] - 1)));
        assertEquals("prprprprqqqq", order.toString());
    }

    @Test
    void noPieceShouldHaveOneTokenWhereItNeedNot() {
        for (int rows = 4; rows < 70; rows++) {
            for (int length = 2; length < 300; length++) {
                int left = length;
                while (left > 0) {
                    int piece = PromptTurns.piece(left, rows);
                    assertTrue(piece >= 2 && piece <= rows, length + " tokens, " + rows + " rows: " + piece);
                    left -= piece;
                }
            }
        }
        assertEquals(1, PromptTurns.piece(1, 4));
        assertEquals(0, PromptTurns.piece(3, 1));
    }

    @Test
    void aRequestMayBeCancelledWhileItsPromptIsRead() {
        Gate gate = new Gate(MODEL);
        RwkvState state = MODEL.newState();
        try (GenerationService service = service(gate, sequences(2).promptRowsAlone(100)); gate) {
            Submission submission = service.submit(ServiceRequest.of(letters("z".repeat(1000), 5).state(state)));
            gate.await(1);
            gate.pass(1);
            gate.await(1); // one piece is read, the second is under way
            CompletableFuture<Boolean> cancelled = CompletableFuture.supplyAsync(() -> submission.cancel(false));
            while (!submission.isDone()) {
                Thread.onSpinWait();
            }
            assertFalse(cancelled.isDone(), "waits for the step");
            gate.pass(1);
            assertTrue(cancelled.join());
            assertReads(state, "z".repeat(200));
            assertEquals(2, gate.calls.size());
            assertEquals(1, service.statistics().cancelled());
            letters("z", 1).state(state).run(); // it is free
        }
    }

    @Test
    void aRequestMayBeCancelledWhileItWaits() {
        Gate gate = new Gate(MODEL);
        try (GenerationService service = service(gate, sequences(1)); gate) {
            Submission first = service.submit(ServiceRequest.of(letters("x", 3)));
            gate.await(1);
            RwkvState state = MODEL.newState();
            Submission second = service.submit(ServiceRequest.of(letters("y", 3).state(state)));
            AtomicBoolean enough = new AtomicBoolean();
            Submission third = service.submit(ServiceRequest.of(letters("y", 3).cancelledWhen(enough::get)));
            assertTrue(second.cancel(true)); // while the step is under way
            assertThrows(CancellationException.class, second::join);
            assertEquals(1, service.statistics().queued());
            letters("z", 1).state(state).run();
            enough.set(true);
            gate.pass(1);
            assertEquals(Reason.CANCELLED, third.join().reason());
            gate.open();
            assertEquals("aaa", first.join().text());
        }
        assertTrue(gate.calls.stream().allMatch(call -> call.size() == 1 && call.get(0)[0] != 'y' + 1));
    }

    @Test
    void aDeadlineShouldEndARequestWithTheTextSoFar() {
        try (GenerationService service = service(MODEL::forward, sequences(1))) {
            RwkvState state = MODEL.newState();
            Submission endless = service.submit(ServiceRequest
                    .of(letters("x", Integer.MAX_VALUE).state(state)).deadline(Duration.ofMillis(60)));
            Submission waits = service.submit(ServiceRequest.of(letters("x", 5)).deadline(Duration.ofMillis(1)));
            Generation result = endless.join();
            assertEquals(Reason.DEADLINE, result.reason());
            assertTrue(result.text().matches("a*"));
            assertEquals(result.text(), endless.text());
            assertReads(state, "x" + result.text());
            assertEquals(Reason.DEADLINE, waits.join().reason());
            assertEquals("", waits.join().text());
            assertTrue(waits.queueTime().isEmpty());
            assertEquals(2, service.statistics().expired());
        }
        try (GenerationService service = service(MODEL::forward, sequences(1).deadline(Duration.ofMillis(5)))) {
            assertEquals(Reason.DEADLINE,
                    service.submit(ServiceRequest.of(letters("x", Integer.MAX_VALUE))).join().reason());
        }
    }

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
