package io.rwkv.text.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TextModel;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.Generation.Request;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.tokenizer.WorldTokenizer;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Requests that run together come to what each comes to alone. */
class GenerationListTest {
    private static final RwkvModel MODEL = TinyModel.open();
    private static final WorldTokenizer TOKENIZER = TinyModel.tokenizer("ab\n", "c\nd", "éa", "gh");
    private static final TextGenerator GENERATOR = new TextGenerator(MODEL, TOKENIZER);
    private static final int A = 'a' + 1;

    @TempDir
    Path folder;

    @AfterAll
    static void close() {
        MODEL.close();
    }

    /** Of a few random tokens, the likeliest; takes note of how clearly, since rounding must not decide. */
    private static final class Choices implements Sampler {
        private static final String TEXT = "abcdefgh \n";
        private final Random random;
        private double margin = Double.MAX_VALUE;

        Choices(long seed) {
            random = new Random(seed);
        }

        @Override
        public int choose(float[] logits) {
            int best = -1;
            float second = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < 5; i++) {
                int token = random.nextInt(4) == 0
                        ? 257 + random.nextInt(4)
                        : TEXT.charAt(random.nextInt(TEXT.length())) + 1;
                if (best < 0 || logits[token] > logits[best]) {
                    second = best < 0 ? second : logits[best];
                    best = token;
                } else if (token != best) {
                    second = Math.max(second, logits[token]);
                }
            }
            margin = Math.min(margin, logits[best] - (double) second);
            return best;
        }
    }

    private static int[] prompt(Random random) {
        int[] tokens = new int[1 + random.nextInt(random.nextInt(6) == 0 ? 1500 : 40)];
        Arrays.setAll(tokens, i -> 1 + random.nextInt(250));
        return tokens;
    }

    private static Request request(Random random, RwkvState state) {
        Request request = GENERATOR.request(prompt(random));
        GenerationOptions.Builder options = GenerationOptions.builder().maxTokens(random.nextInt(20));
        if (random.nextBoolean()) {
            options.stopStrings(List.of(List.of("a", "b\n", "c", "hg", "éa", "f", "gh").get(random.nextInt(7)), "dd"));
        }
        Choices choices;
        long seed;
        do {
            seed = random.nextLong();
            choices = new Choices(seed);
            Choices recording = choices;
            Request trial = request.options(options.sampler(() -> recording).build());
            (state == null ? trial : trial.state(state.copy())).run();
        } while (choices.margin < 1e-3);
        long clear = seed;
        return request.options(options.sampler(() -> new Choices(clear)).build());
    }

    private static void assertSameResult(Generation alone, Generation together, String what) {
        assertEquals(alone.text(), together.text(), what);
        assertEquals(alone.reason(), together.reason(), what);
        assertEquals(alone.promptTokens(), together.promptTokens(), what);
        assertEquals(alone.generatedTokens(), together.generatedTokens(), what);
    }

    @Test
    void eachShouldComeToWhatItComesToAlone() {
        Random random = new Random(11);
        for (int most : new int[]{1, 5, 32}) {
            List<Request> requests = new ArrayList<>();
            List<Generation> alone = new ArrayList<>();
            List<RwkvState> states = new ArrayList<>(); // null for none, as below
            List<RwkvState> expected = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                RwkvState begun = random.nextBoolean() ? MODEL.newState() : null;
                if (begun != null && random.nextBoolean()) {
                    MODEL.logits(prompt(random), begun);
                }
                Request request = request(random, begun);
                int questions = random.nextInt(4) == 0 ? random.nextInt(20) : Integer.MAX_VALUE;
                RwkvState after = begun == null ? null : begun.copy();
                states.add(begun);
                expected.add(after);
                requests.add(asking(request, questions, begun));
                alone.add(asking(request, questions, after).run());
            }
            List<Generation> together = GenerationList.run(MODEL, requests, most);
            assertEquals(requests.size(), together.size());
            for (int i = 0; i < requests.size(); i++) {
                String what = "most " + most + ", request " + i;
                assertSameResult(alone.get(i), together.get(i), what);
                if (states.get(i) != null) {
                    assertTrue(TinyModel.difference(expected.get(i), states.get(i)) < 1e-3, what);
                }
            }
            assertTrue(together.stream().map(Generation::reason).distinct().count() >= 3, "this test sees all ends");
        }
    }

    /** The request on this state, if any; it is cancelled when it has been asked so often. */
    private static Request asking(Request request, int questions, RwkvState state) {
        AtomicInteger asked = new AtomicInteger();
        Request asking = request.cancelledWhen(() -> asked.getAndIncrement() >= questions);
        return state == null ? asking : asking.state(state);
    }

    private static Request letters(String prompt, int count) {
        return GENERATOR.request(prompt)
                .options(GenerationOptions.builder().maxTokens(count).sampler(() -> logits -> A).build());
    }

    @Test
    void oneCallOfTheModelShouldServeAllThatRun() throws IOException {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            requests.add(letters("x".repeat(1 + i), 3));
        }
        Path file = folder.resolve("calls.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("io.rwkv.Forward");
            recording.start();
            GenerationList.run(MODEL, requests, 4);
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> calls = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals("io.rwkv.Forward"))
                .sorted(Comparator.comparing(RecordedEvent::getStartTime)).toList();
        // Each time four: their prompts, then two tokens each; the third need not be read.
        assertEquals("4 4 4 4 4 4 4 4 4".replace(' ', '\n'), String.join("\n",
                calls.stream().map(call -> String.valueOf(call.getInt("sequences"))).toList()));
    }

    @Test
    void statesShouldStayWhereTheyWereIfOneFails() {
        RuntimeException mine = new UnsupportedOperationException("mine");
        Sampler failing = logits -> {
            throw mine;
        };
        List<RwkvState> states = Stream.generate(MODEL::newState).limit(4).toList();
        RwkvState untouched = MODEL.newState();
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            requests.add(letters("x", i).state(states.get(i)));
        }
        GenerationOptions options = GenerationOptions.builder().maxTokens(5).sampler(() -> failing).build();
        requests.set(2, requests.get(2).options(options));
        RuntimeException thrown = assertThrows(RuntimeException.class, () -> GenerationList.run(MODEL, requests, 2));
        assertSame(mine, thrown);
        assertEquals("requests[2] failed, which ends the whole list", thrown.getSuppressed()[0].getMessage());
        for (RwkvState state : states) {
            assertEquals(0, TinyModel.difference(untouched, state));
        }
        requests.set(2, requests.get(1).state(states.get(2)));
        assertEquals(List.of("", "a", "a", "aaa"),
                GENERATOR.runAll(requests).stream().map(Generation::text).toList(), "all states are free again");
    }

    @Test
    void aModelsFaultShouldNameTheRequest() {
        try (RwkvModel broken = TinyModel.withBrokenToken(7); RwkvModel other = TinyModel.open(2)) {
            TextGenerator generator = new TextGenerator(broken, TOKENIZER);
            List<Request> requests = List.of(generator.request(new int[]{1, 2}), generator.request(new int[]{6, 7}));
            String message = assertThrows(ArithmeticException.class, () -> generator.runAll(requests)).getMessage();
            assertTrue(message.startsWith("requests[1]: "), message);
            List<Request> foreign = List.of(letters("x", 1), letters("y", 1).state(other.newState()));
            message = assertThrows(IllegalArgumentException.class, () -> GENERATOR.runAll(foreign)).getMessage();
            assertTrue(message.startsWith("requests[1]: state: expected one of this model"), message);
        }
    }

    private static String refused(Class<? extends RuntimeException> type, Request... requests) {
        return assertThrows(type, () -> GENERATOR.runAll(Arrays.asList(requests))).getMessage();
    }

    @Test
    void whatCannotRunShouldBeRefusedBeforeAnythingDoes() {
        Request never = letters("x", 1).options(GenerationOptions.builder().sampler(() -> logits -> {
            throw new AssertionError("computed");
        }).build());
        assertEquals("requests[1]", refused(NullPointerException.class, never, null));
        RwkvState state = MODEL.newState();
        assertEquals("requests[2].state: expected a state of its own, found that of requests[1]",
                refused(IllegalArgumentException.class, never, never.state(state), never.state(state)));
        assertEquals("requests[1].tokens[2]: expected 0 to 299, found 300",
                refused(IllegalArgumentException.class, never, GENERATOR.request(new int[]{1, 2, 300})));
        try (RwkvModel other = TinyModel.open()) {
            assertEquals("requests[1]: expected a request for the generator's model, found another one's",
                    refused(IllegalArgumentException.class, never, new TextGenerator(other, TOKENIZER).request("x")));
        }
        RwkvState busy = MODEL.newState();
        try (Stream<String> open = letters("x", 5).state(busy).stream()) {
            assertTrue(open.iterator().hasNext());
            String message = refused(IllegalStateException.class, never.state(state), never.state(busy));
            assertTrue(message.startsWith("requests[1]: state in use by another generation"), message);
        }
        assertEquals("a", letters("x", 1).state(state).run().text(), "it is free again");
    }

    @Test
    void stringsShouldGiveStrings() {
        GenerationOptions options = GenerationOptions.builder().maxTokens(2).sampler(() -> logits -> A).build();
        TextModel model = TextModel.of(MODEL, TOKENIZER);
        TextGenerator generator = new TextGenerator(MODEL, TOKENIZER, options);
        assertEquals(List.of("aa", "aa", "aa"), generator.generateAll(List.of("x", "a longer one", "")));
        assertEquals(List.of(), model.generateAll(List.of()));
        assertEquals(List.of(), model.runAll(List.of()));
        assertEquals(Reason.MAX_TOKENS, model.runAll(List.of(letters("x", 1))).get(0).reason());
        assertEquals("prompts[0]", assertThrows(NullPointerException.class,
                () -> generator.generateAll(Arrays.asList((String) null))).getMessage());
    }
}
