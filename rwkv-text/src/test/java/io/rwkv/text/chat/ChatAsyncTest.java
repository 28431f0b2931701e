package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceOptions;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Replies that come in other threads, alone and through a service. */
@Timeout(60)
class ChatAsyncTest extends ChatFixture {
    private static final String LONG = " " + "abcdefghij".repeat(50);

    private static GenerationService service() {
        return new GenerationService(MODEL, ServiceOptions.builder().maxSequences(4).prefixCacheBytes(1 << 20).build());
    }

    @Test
    void aStreamShouldGiveAllPieces() {
        ChatSession session = chat().open();
        try (Stream<String> pieces = session.message("a").options(spelling(" b c\n")).stream()) {
            assertEquals("b c", pieces.collect(Collectors.joining()));
        }
        assertConsistent(session);
    }

    @Test
    void aClosedStreamShouldLeaveWhatWasTaken() {
        try (GenerationService service = service()) {
            for (ChatBuilder builder : List.of(chat(), chat().service(service))) {
                ChatSession session = builder.open();
                try (Stream<String> pieces = session.message("a").options(spelling(LONG)).stream()) {
                    Iterator<String> iterator = pieces.iterator();
                    assertEquals("a", iterator.next());
                    assertEquals("b", iterator.next());
                    assertThrows(IllegalStateException.class, session::undo);
                }
                assertEquals("User: a\n\nAssistant: ab", session.text());
                assertFalse(session.turns().get(0).reply().complete());
                assertConsistent(session);
                // Nothing taken, nothing said.
                session.message("b").options(spelling(LONG)).stream().close();
                assertEquals(1, session.turns().size());
                assertConsistent(session);
            }
        }
    }

    @Test
    void aServiceThatIsShutDownShouldEndNoReplyInSilence() {
        for (int way = 0; way < 2; way++) {
            GenerationService service = service();
            ChatSession session = chat().service(service).open();
            ChatRequest request = session.message("a").options(spelling(LONG));
            if (way == 0) {
                try (Stream<String> pieces = request.stream()) {
                    assertThrows(IllegalStateException.class, () -> pieces.forEach(piece -> service.shutdownNow()));
                }
            } else {
                assertThrows(IllegalStateException.class, () -> request.run(piece -> service.shutdownNow()));
            }
            service.close();
            assertEquals(0, session.turns().size());
        }
    }

    @Test
    void aStreamShouldThrowWhatARunThrows() {
        ChatSession session = chat().open();
        ArithmeticException own = new ArithmeticException("own");
        ChatRequest failing = session.message("a").options(GenerationOptions.builder().sampler(() -> logits -> {
            throw own;
        }).build());
        try (Stream<String> pieces = failing.stream()) {
            assertEquals(own, assertThrows(ArithmeticException.class, pieces::count));
        }
        try (Stream<String> pieces = session.message("a").options(spelling(LONG)).stream()) {
            assertEquals(own, assertThrows(ArithmeticException.class, () -> pieces.forEach(piece -> {
                throw own;
            })));
        }
        assertEquals("User: a\n\nAssistant: a", session.text()); // the piece that was taken
        assertConsistent(session);
    }

    @Test
    void aCancelledFutureShouldLeaveTheSessionFree() {
        try (GenerationService service = service()) {
            for (ChatBuilder builder : List.of(chat(), chat().service(service))) {
                ChatSession session = builder.open();
                CountDownLatch begun = new CountDownLatch(3);
                StringBuffer given = new StringBuffer();
                CompletableFuture<ChatReply> future = session.message("a").options(spelling(LONG.repeat(20)))
                        .start(piece -> {
                            given.append(piece);
                            begun.countDown();
                        });
                await(begun);
                assertTrue(future.cancel(true));
                assertEquals("User: a\n\nAssistant: " + given, session.text());
                assertConsistent(session);
            }
        }
    }

    @Test
    void aCallbackShouldBeAbleToCancelItsOwnReply() {
        try (GenerationService service = service()) {
            for (ChatBuilder builder : List.of(chat(), chat().service(service))) {
                ChatSession session = builder.open();
                AtomicReference<CompletableFuture<ChatReply>> future = new AtomicReference<>();
                CountDownLatch known = new CountDownLatch(1);
                future.set(session.message("a").options(spelling(LONG.repeat(20))).start(piece -> {
                    await(known);
                    future.get().cancel(true);
                }));
                known.countDown();
                assertThrows(CancellationException.class, () -> future.get().join());
                future.get().cancel(true); // here it waits
                assertEquals(1, session.turns().size());
                assertConsistent(session);
            }
        }
    }

    @Test
    void aServiceShouldGiveTheSameConversation() {
        try (GenerationService service = service()) {
            ChatSession alone = chat().system("s").open();
            List<String> callers = new ArrayList<>();
            ChatSession served = chat().system("s").service(service, request -> {
                callers.add("a");
                return request.caller("a").priority(1);
            }).open();
            for (int i = 0; i < 3; i++) {
                GenerationOptions options = GenerationOptions.builder().maxTokens(20).seed(i).temperature(0.3).build();
                assertEquals(alone.message("q" + i).options(options).run(),
                        served.message("q" + i).options(options).run());
            }
            assertEquals(alone.text(), served.text());
            assertConsistent(served);
            assertTrue(callers.size() >= 3);
        }
    }

    @Test
    void statesThatAreBuiltShouldComeFromTheCache() {
        try (GenerationService service = service()) {
            String system = "A long text that all conversations begin with. ".repeat(20);
            ChatBuilder builder = chat().system(system).service(service);
            for (int i = 0; i < 3; i++) {
                ChatSession session = builder.open();
                session.message("q").options(writing(" " + i)).run();
                assertConsistent(session);
            }
            int head = builder.open().tokens().length;
            assertEquals(2L * head, service.prefixCache().orElseThrow().tokensSaved());
        }
    }

    @Test
    void aClosedServiceShouldLeaveTheSessionAsItWas() {
        ChatSession session;
        CompletableFuture<ChatReply> future;
        try (GenerationService service = service()) {
            session = chat().service(service).open();
            session.message("a").options(writing(" b")).run();
            CountDownLatch begun = new CountDownLatch(1);
            future = session.message("c").options(spelling(LONG.repeat(20))).start(piece -> begun.countDown());
            await(begun);
            service.shutdownNow();
        }
        assertInstanceOf(IllegalStateException.class,
                assertThrows(CompletionException.class, future::join).getCause(),
                "nobody has cancelled the reply itself");
        assertThrows(RejectedExecutionException.class, () -> session.say("d"));
        assertEquals("User: a\n\nAssistant: b", session.text());
        assertConsistent(session); // from a copy
    }

    @Test
    void anInterruptionShouldCancelWhatAServiceRuns() throws InterruptedException {
        try (GenerationService service = service()) {
            ChatSession session = chat().service(service).open();
            CountDownLatch begun = new CountDownLatch(1);
            AtomicReference<ChatReply> reply = new AtomicReference<>();
            AtomicReference<Boolean> interrupted = new AtomicReference<>();
            // Without a blank at its beginning, the reply has to be read again.
            Thread thread = new Thread(() -> {
                reply.set(session.message("a").options(spelling(LONG.strip().repeat(20)))
                        .run(piece -> begun.countDown()));
                interrupted.set(Thread.currentThread().isInterrupted());
            });
            thread.start();
            await(begun);
            thread.interrupt();
            thread.join();
            assertFalse(reply.get().complete());
            assertTrue(interrupted.get());
            assertEquals(1, session.turns().size());
            assertConsistent(session);
        }
    }

    @Test
    void aPublisherShouldFollowDemand() {
        ChatSession session = chat().open();
        Subscriber subscriber = new Subscriber(1, Long.MAX_VALUE);
        session.message("a").options(spelling(" bcd")).publisher().subscribe(subscriber);
        subscriber.await();
        assertEquals(List.of("b", "c", "d"), subscriber.pieces);
        assertEquals(null, subscriber.thrown);
        assertConsistent(session);
    }

    @Test
    void aCancelledSubscriptionShouldLeaveWhatWasTaken() {
        try (GenerationService service = service()) {
            ChatSession session = chat().service(service).open();
            Subscriber subscriber = new Subscriber(2, 2);
            session.message("a").options(spelling(LONG)).publisher().subscribe(subscriber);
            subscriber.awaitPieces();
            subscriber.subscription.cancel();
            awaitFree(session);
            assertConsistent(session);
            assertEquals("User: a\n\nAssistant: ab", session.text());
            assertEquals(1, subscriber.ended.getCount());
        }
    }

    @Test
    void aSubscriberShouldHearOfFailures() {
        ChatSession session = chat().open();
        Subscriber blank = new Subscriber(1, 1);
        session.message(" ").publisher().subscribe(blank);
        blank.await();
        assertInstanceOf(IllegalArgumentException.class, blank.thrown);
        Subscriber nothing = new Subscriber(0, 0);
        session.message("a").options(spelling(LONG)).publisher().subscribe(nothing);
        nothing.await();
        assertInstanceOf(IllegalArgumentException.class, nothing.thrown);
        Subscriber second = new Subscriber(1, 1);
        session.message("a").options(spelling(" b")).run(piece -> {
            session.message("c").publisher().subscribe(second);
            second.await();
        });
        assertInstanceOf(IllegalStateException.class, second.thrown);
        assertConsistent(session);
    }

    @Test
    void aFutureShouldHoldWhatWasThrown() {
        ChatSession session = chat().open();
        assertInstanceOf(IllegalArgumentException.class,
                assertThrows(CompletionException.class, session.message(" ").start()::join).getCause());
        assertConsistent(session);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static final class Subscriber implements Flow.Subscriber<String> {
        private final List<String> pieces = new ArrayList<>();
        private final CountDownLatch ended = new CountDownLatch(1);
        private final CountDownLatch wanted;
        private final long first;
        private final long all;
        private volatile Flow.Subscription subscription;
        private volatile Throwable thrown;

        /** Asks for some pieces, then one by one until there are so many. */
        Subscriber(long first, long all) {
            this.first = first;
            this.all = all;
            this.wanted = new CountDownLatch((int) Math.min(all, 100));
        }

        @Override
        public void onSubscribe(Flow.Subscription its) {
            subscription = its;
            its.request(first);
        }

        @Override
        public void onNext(String piece) {
            pieces.add(piece);
            wanted.countDown();
            if (pieces.size() >= first && pieces.size() < all) {
                subscription.request(1);
            }
        }

        @Override
        public void onError(Throwable e) {
            thrown = e;
            ended.countDown();
        }

        @Override
        public void onComplete() {
            ended.countDown();
        }

        void await() {
            ChatAsyncTest.await(ended);
        }

        void awaitPieces() {
            ChatAsyncTest.await(wanted);
        }
    }
}
