package io.rwkv.text.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceOptions;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * Conversations of 50 turns in which anything happens: after each step the session has the text and the state of a conversation
 * that was read from scratch, and what was given out is what the model has read.
 */
class ChatRandomTest extends ChatFixture {
    private static final int TURNS = 50;
    private static final String[] WRITTEN = {"a", "b", " ", " ", "\n", "\r", "é", "<", "/", "think>", "</think>",
            "<think>",
            "\n\nUse", "User:", ". ", "word", "\u3000", "\n\nUser: x"};

    @TempDir
    private Path folder;
    private Random random;

    @ParameterizedTest
    @CsvSource({"alone, 1", "alone, 2", "service, 3", "cache, 4"})
    void aConversationShouldBeAsIfReadFromScratch(String how, int seed) throws IOException {
        random = new Random(seed);
        try (GenerationService service = how.equals("alone")
                ? null
                : new GenerationService(MODEL, ServiceOptions.builder().maxSequences(2)
                        .prefixCacheBytes(how.equals("cache") ? 1 << 20 : 0).build())) {
            ChatBuilder builder = chat().system("Be brief.").snapshots(1 + random.nextInt(4));
            if (service != null) {
                builder.service(service);
            }
            ChatSession session = builder.open();
            for (int step = 0; session.turns().size() < TURNS; step++) {
                session = step(session, builder);
                if (step % 5 == 0) {
                    assertConsistent(session);
                }
            }
            assertConsistent(session);
        }
    }

    private ChatSession step(ChatSession session, ChatBuilder builder) throws IOException {
        List<ChatTurn> before = session.turns();
        int size = before.size();
        int kind = random.nextInt(20);
        if (size == 0 || kind < 8) {
            say(session, session.message("question " + size));
        } else if (kind < 10) {
            assertEquals(before.get(size - 1), session.undo());
            assertEquals(before.subList(0, size - 1), session.turns());
        } else if (kind < 13) {
            say(session, session.regeneration());
        } else if (kind < 14) {
            say(session, session.edit(size - 1 - random.nextInt(Math.min(size, 4)), "edited\n\n" + size));
        } else if (kind < 15) {
            session.editReply(size - 1 - random.nextInt(Math.min(size, 3)), " my words\n");
        } else if (kind < 16) {
            session.rewind(size - random.nextInt(Math.min(size, 5)));
        } else if (kind < 18) {
            ChatSession fork = session.fork();
            say(session, session.message("in the one only"));
            assertEquals(before, fork.turns());
            say(fork, fork.message("in the other only"));
            assertConsistent(session);
            return fork;
        } else if (kind < 19) {
            session.system("Be as brief as " + size + ".");
        } else {
            Path file = folder.resolve("session");
            session.save(file);
            ChatBuilder resuming = new ChatBuilder(MODEL, TOKENIZER);
            resuming.runner = builder.runner;
            ChatSession resumed = resuming.resume(file);
            assertEquals(session.turns(), resumed.turns());
            assertEquals(session.text(), resumed.text());
            return resumed;
        }
        return session;
    }

    /** Has the model write something, in any way, to any end. */
    private void say(ChatSession session, ChatRequest request) {
        List<ChatTurn> before = session.turns();
        String text = session.text();
        Thinking thinking = Thinking.values()[random.nextInt(Thinking.values().length)];
        StringBuilder thought = new StringBuilder();
        StringBuilder answer = new StringBuilder();
        int end = random.nextInt(30);
        AtomicBoolean enough = new AtomicBoolean();
        ChatRequest wanted = request.thinking(thinking).options(options()).onThought(thought::append)
                .cancelledWhen(enough::get);
        ChatReply reply = null;
        switch (random.nextInt(7)) {
            case 0, 1 -> reply = wanted.run(answer::append);
            case 2 -> reply = wanted.run(piece -> {
                answer.append(piece);
                enough.set(answer.length() > end);
            });
            case 3 -> {
                RuntimeException own = new RuntimeException("own");
                try {
                    reply = wanted.run(piece -> {
                        if (answer.length() > end) {
                            throw own;
                        }
                        answer.append(piece);
                    });
                } catch (RuntimeException e) {
                    assertEquals(own, e);
                    assertEquals(before, session.turns());
                    assertEquals(text, session.text());
                    return;
                }
            }
            case 4 -> {
                CompletableFuture<ChatReply> future = wanted.start(answer::append);
                if (random.nextBoolean()) {
                    while (answer.length() < end && !future.isDone()) {
                        Thread.onSpinWait();
                    }
                    future.cancel(true);
                }
                reply = future.isCancelled() ? last(before, session) : future.join();
            }
            case 5 -> {
                try (Stream<String> pieces = wanted.stream()) {
                    Iterator<String> iterator = pieces.iterator();
                    while (answer.length() <= end && iterator.hasNext()) {
                        answer.append(iterator.next());
                    }
                }
                reply = last(before, session);
            }
            default -> {
                subscribe(wanted, answer, end);
                reply = last(before, session);
            }
        }
        if (reply == null || !reply.kept()) {
            assertEquals("", "" + answer);
            assertEquals(before, session.turns());
        } else {
            assertEquals(reply.text(), "" + answer);
            assertEquals(reply.thought(), "" + thought);
            assertEquals(reply, session.turns().get(session.turns().size() - 1).reply());
        }
    }

    /** The last reply, if there is a new one. */
    private static ChatReply last(List<ChatTurn> before, ChatSession session) {
        List<ChatTurn> now = session.turns();
        return now == before ? null : now.get(now.size() - 1).reply();
    }

    private void subscribe(ChatRequest request, StringBuilder answer, int end) {
        CountDownLatch ended = new CountDownLatch(1);
        List<Throwable> thrown = new ArrayList<>();
        request.publisher().subscribe(new Flow.Subscriber<>() {
            private Flow.Subscription subscription;

            @Override
            public void onSubscribe(Flow.Subscription its) {
                subscription = its;
                its.request(1);
            }

            @Override
            public void onNext(String piece) {
                answer.append(piece);
                if (answer.length() > end) {
                    subscription.cancel();
                    ended.countDown();
                } else {
                    subscription.request(1);
                }
            }

            @Override
            public void onError(Throwable e) {
                thrown.add(e);
                ended.countDown();
            }

            @Override
            public void onComplete() {
                ended.countDown();
            }
        });
        try {
            ended.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertEquals(List.of(), thrown);
        awaitFree(request.session);
    }

    private GenerationOptions options() {
        long seed = random.nextLong();
        GenerationOptions.Builder options = GenerationOptions.builder().maxTokens(random.nextInt(40));
        return options.sampler(() -> new Writer(new Random(seed))).build();
    }

    /** Writes what turns and thoughts are parted by, among other things. */
    private static final class Writer implements Sampler {
        private final Random random;
        private int[] word;
        private int at;

        Writer(Random random) {
            this.random = random;
            this.word = letters(random.nextBoolean() ? ">" : ""); // what a thought's opening lacks
        }

        @Override
        public int choose(float[] logits) {
            if (at == word.length) {
                int kind = random.nextInt(30);
                if (kind < 2) {
                    return kind == 0 ? END : 262; // the end, or a token that stands for nothing
                }
                String text = WRITTEN[random.nextInt(WRITTEN.length)];
                word = random.nextBoolean() ? TOKENIZER.encode(text) : letters(text);
                at = 0;
            }
            return word[at++];
        }

        private static int[] letters(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            int[] tokens = new int[bytes.length];
            Arrays.setAll(tokens, i -> (bytes[i] & 0xFF) + 1);
            return tokens;
        }
    }
}
