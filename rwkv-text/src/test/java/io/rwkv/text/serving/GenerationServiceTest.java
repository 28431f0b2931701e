package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Which requests run when, and how callers end them. Steps are counted, not timed: a {@link Gate} lets them through. The timeout only
 * keeps a fault from hanging the build.
 */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GenerationServiceTest extends ServiceFixture {
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
}
