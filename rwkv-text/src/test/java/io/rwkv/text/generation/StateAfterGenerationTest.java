package io.rwkv.text.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.tokenizer.Tokenizer;
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** After a generation the state has read the prompt and the text, and nothing else, however the text ended. */
class StateAfterGenerationTest {
    private static final RwkvModel MODEL = TinyModel.open();
    private static final String PROMPT = "Hi";

    @AfterAll
    static void close() {
        MODEL.close();
    }

    /** Chooses these tokens, whatever the model says. */
    private static GenerationOptions.Builder script(int... tokens) {
        return GenerationOptions.builder().maxTokens(tokens.length).sampler(() -> new Sampler() {
            private int next;

            @Override
            public int choose(float[] logits) {
                return tokens[next++];
            }
        });
    }

    private static RwkvState read(int[]... parts) {
        RwkvState state = MODEL.newState();
        for (int[] part : parts) {
            if (part.length > 0) {
                MODEL.logits(part, state);
            }
        }
        return state;
    }

    private static void assertReads(RwkvState state, int[]... parts) {
        double difference = TinyModel.difference(read(parts), state);
        assertTrue(difference < 1e-4, "differs by " + difference);
    }

    private record Outcome(Generation result, RwkvState state) {}

    private static Outcome run(Tokenizer tokenizer, GenerationOptions options) {
        RwkvState state = MODEL.newState();
        StringBuilder heard = new StringBuilder();
        Generation result = new TextGenerator(MODEL, tokenizer).request(PROMPT).options(options).state(state)
                .run(heard::append);
        assertEquals(result.text(), heard.toString());
        assertReads(state, tokenizer.encode(PROMPT), result.tokens());
        return new Outcome(result, state);
    }

    @Test
    void aStopStringWithinATokenShouldLeaveWhatStandsBeforeIt() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("x\n\nUser: what", "ab");
        Outcome end = run(tokenizer, script(258, 257, 258).stopStrings("\n\nUser:").build());
        assertEquals("abx", end.result.text());
        assertEquals(Reason.STOP_STRING, end.result.reason());
        assertEquals(2, end.result.generatedTokens());
        assertReads(end.state, tokenizer.encode(PROMPT), new int[]{258, 'x' + 1});
        assertTrue(TinyModel.difference(read(tokenizer.encode(PROMPT), new int[]{258, 257}), end.state) > 1e-2,
                "this test can tell");
    }

    @Test
    void aStopStringOfSeveralTokensShouldLeaveNothing() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("x\n", "\nUs", "er: what", "ab");
        Outcome end = run(tokenizer, script(260, 257, 258, 259).stopStrings("\n\nUser:").build());
        assertEquals("abx", end.result.text());
        assertReads(end.state, tokenizer.encode(PROMPT), new int[]{260, 'x' + 1});
    }

    @Test
    void whatLooksLikeAStopStringAndIsNoneShouldStay() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("x\n", "\nUs", "e it", "ab");
        Outcome end = run(tokenizer, script(257, 258, 259, 257, 258).stopStrings("\n\nUser:").build());
        assertEquals("x\n\nUse itx\n\nUs", end.result.text());
        assertEquals(Reason.MAX_TOKENS, end.result.reason());
        assertReads(end.state, tokenizer.encode(PROMPT), new int[]{257, 258, 259, 257, 258});
    }

    @Test
    void blanksAtTheEndShouldStayOutIfNotWanted() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("x \n", "\u00A0y", "ab", "\n\nUser:");
        GenerationOptions.Builder options = script(259, 257, '\n' + 1, 258, 257, ' ' + 1).trimEnd(true);
        Outcome end = run(tokenizer, options.build());
        assertEquals("abx \n\n\u00A0yx", end.result.text());
        assertReads(end.state, tokenizer.encode(PROMPT), new int[]{259, 257, '\n' + 1, 258, 'x' + 1});
        assertEquals("abx \n\n\u00A0yx \n ", run(tokenizer, options.trimEnd(false).build()).result.text());

        Outcome stopped = run(tokenizer,
                script(259, ' ' + 1, '\n' + 1, 260).stopStrings("\n\nUser:").trimEnd(true).build());
        assertEquals("ab", stopped.result.text());
        assertReads(stopped.state, tokenizer.encode(PROMPT), new int[]{259});

        Outcome blank = run(tokenizer, script(' ' + 1, '\n' + 1, 0).trimEnd(true).build());
        assertEquals("", blank.result.text());
        assertReads(blank.state, tokenizer.encode(PROMPT));
    }

    @Test
    void aTokenThatEndsTheTextShouldNotBeRead() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("c\n", "ab");
        for (GenerationOptions.Builder options : List.of(script(258, 257, 0), script(258, 257, 99).stopTokens(99))) {
            Outcome end = run(tokenizer, options.stopStrings("\nUser").build());
            assertEquals("abc\n", end.result.text());
            assertEquals(Reason.STOP_TOKEN, end.result.reason());
            assertReads(end.state, tokenizer.encode(PROMPT), new int[]{258, 257});
        }
    }

    @Test
    void aCharacterThatIsCutOffShouldBeInNeitherTextNorState() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("ab");
        byte[] euro = "€".getBytes(StandardCharsets.UTF_8);
        int[] bytes = {(euro[0] & 255) + 1, (euro[1] & 255) + 1, (euro[2] & 255) + 1};
        for (int cut = 1; cut < 3; cut++) {
            int[] chosen = {257, bytes[0], bytes[1]};
            Outcome end = run(tokenizer, script(Arrays.copyOf(chosen, 1 + cut)).build());
            assertEquals("ab", end.result.text());
            assertReads(end.state, tokenizer.encode(PROMPT), new int[]{257});
        }
        Outcome whole = run(tokenizer, script(257, bytes[0], bytes[1], bytes[2], 0).build());
        assertEquals("ab€", whole.result.text());
        assertReads(whole.state, tokenizer.encode(PROMPT), new int[]{257}, bytes);
        // The model's own end: what it wrote is what there is.
        Outcome ended = run(tokenizer, script(257, bytes[0], 0).build());
        assertEquals("ab\uFFFD", ended.result.text());
        assertReads(ended.state, tokenizer.encode(PROMPT), new int[]{257, bytes[0]});
    }

    @Test
    void aCallerThatThrowsShouldFindTheStateWhereItHeardTheTextEnd() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("x\n", "ab\n");
        RwkvState state = MODEL.newState();
        IllegalStateException thrown = new IllegalStateException("enough");
        StringBuilder heard = new StringBuilder();
        GenerationOptions options = script(257, 258, 258).stopStrings("\n\n").build();
        assertSame(thrown, assertThrows(IllegalStateException.class,
                () -> new TextGenerator(MODEL, tokenizer).request(PROMPT).options(options).state(state).run(piece -> {
                    heard.append(piece);
                    if (heard.length() > 3) {
                        throw thrown;
                    }
                })));
        assertEquals("x\nab", heard.toString());
        assertReads(state, tokenizer.encode(PROMPT), new int[]{257, 'a' + 1, 'b' + 1});
    }

    @Test
    void aBrokenSamplerShouldLeaveTheStateWhereTheTextEnds() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("x\n", "ab\n");
        RwkvState state = MODEL.newState();
        GenerationOptions options = script(257, 258, 258, TinyModel.VOCABULARY).stopStrings("\n\n").build();
        String message = assertThrows(IllegalStateException.class,
                () -> new TextGenerator(MODEL, tokenizer).request(PROMPT).options(options).state(state).run())
                .getMessage();
        assertTrue(message.contains("sampler: expected a token from 0 to 299, found 300"), message);
        assertReads(state, tokenizer.encode(PROMPT), new int[]{257, 258}, tokenizer.encode("ab"));
    }

    @Test
    void aStreamThatIsClosedShouldLeaveTheStateWhereItWas() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("x\n", "ab");
        RwkvState state = MODEL.newState();
        GenerationOptions options = script(258, 257, 258, 258).stopStrings("\n\n").build();
        Generation.Request request = new TextGenerator(MODEL, tokenizer).request(PROMPT).options(options).state(state);
        try (Stream<String> pieces = request.stream()) {
            assertEquals(List.of("ab", "x"), pieces.limit(2).toList());
        }
        assertReads(state, tokenizer.encode(PROMPT), new int[]{258}, tokenizer.encode("x"));
        state.reset();
        try (Stream<String> pieces = request.stream()) {
            assertEquals("abx\nabab", String.join("", pieces.toList()));
        }
        assertReads(state, tokenizer.encode(PROMPT), new int[]{258, 257, 258, 258});
    }

    @Test
    void idsThatStandForNothingShouldGiveNoText() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("ab", null, "cd");
        Outcome end = run(tokenizer, script(257, 258, 280, 0, 259).stopAtEndOfText(false).build());
        assertEquals("abcd", end.result.text());
        assertReads(end.state, tokenizer.encode(PROMPT), new int[]{257, 258, 280, 0, 259});
    }

    @Test
    void aConversationShouldGoOnAsIfItHadBeenReadWhole() {
        WorldTokenizer tokenizer = TinyModel.tokenizer("x\n\nUser: what");
        RwkvState state = MODEL.newState();
        TextGenerator generator = new TextGenerator(MODEL, tokenizer);
        generator.request("A").options(script('a' + 1, 257).stopStrings("\n\nUser:").build()).state(state).run();
        GenerationOptions greedy = GenerationOptions.builder().temperature(0).maxTokens(12).build();
        String on = generator.request("\n\nUser: B").options(greedy).state(state).run().text();
        int[] all = Stream.of("A", "a", "x", "\n\nUser: B").map(tokenizer::encode).flatMapToInt(Arrays::stream)
                .toArray();
        assertEquals(generator.request(all).options(greedy).run().text(), on);
    }

    /** Random vocabularies, stop strings, tokens and ends, against a naive search in all that was chosen. */
    @Test
    void shouldAgreeWithReadingTheTextAnew() {
        Random random = new Random(7);
        String[] alphabet = {"a", "b", "\n", "é", "😀"};
        int restored = 0;
        for (int round = 0; round < 200; round++) {
            WorldTokenizer tokenizer = TinyModel.tokenizer(strings(random, alphabet, 12, 4).toArray(String[]::new));
            List<String> stops = strings(random, alphabet, random.nextInt(3), 4);
            int[] chosen = new int[1 + random.nextInt(14)];
            for (int i = 0; i < chosen.length; i++) {
                chosen[i] = random.nextInt(4) == 0
                        ? 1 + (alphabet[random.nextInt(5)].getBytes(StandardCharsets.UTF_8)[0] & 255)
                        : 257 + random.nextInt(tokenizer.vocabularySize() - 257);
            }
            String whole = decoded(tokenizer, chosen);
            if (whole.length() > 6) { // else few come in what was chosen
                int from = random.nextInt(whole.length() - 5);
                stops.add(whole.substring(from, from + 2 + random.nextInt(4)));
            }
            int cancelAfter = random.nextInt(4) == 0 ? random.nextInt(chosen.length) : chosen.length;
            boolean cancelled = cancelAfter < chosen.length;
            boolean stopToken = random.nextBoolean();
            int[] asked = {0};
            RwkvState state = MODEL.newState();
            int[] script = stopToken ? Arrays.copyOf(chosen, chosen.length + 1) : chosen; // 0 ends the text
            GenerationOptions options = script(script).stopStrings(stops).build();
            Generation result = new TextGenerator(MODEL, tokenizer).request(PROMPT).options(options).state(state)
                    .cancelledWhen(() -> cancelled && asked[0]++ > cancelAfter).run();

            int[] all = Arrays.copyOf(chosen, cancelAfter);
            String text = text(tokenizer, all, stops, stopToken && !cancelled);
            String what = "round " + round + ": " + Arrays.toString(chosen) + " " + stops;
            assertEquals(text, result.text(), what);
            int kept = kept(tokenizer, all, text);
            String rest = text.substring(tokenizer.decode(Arrays.copyOf(all, kept)).length());
            double difference = TinyModel.difference(
                    read(tokenizer.encode(PROMPT), Arrays.copyOf(all, kept), tokenizer.encode(rest)), state);
            assertTrue(difference < 1e-4, what + " differs by " + difference);
            restored += kept < result.generatedTokens() - 1 ? 1 : 0;
        }
        assertTrue(restored > 20, "the case in point came " + restored + " times");
    }

    private static List<String> strings(Random random, String[] alphabet, int count, int longest) {
        List<String> strings = new ArrayList<>();
        while (strings.size() < count) {
            StringBuilder string = new StringBuilder();
            for (int i = 2 + random.nextInt(longest - 1); i > 0; i--) {
                string.append(alphabet[random.nextInt(alphabet.length)]);
            }
            if (!strings.contains(string.toString())) {
                strings.add(string.toString());
            }
        }
        return strings;
    }

    /** What the tokens say up to the first stop string, without a character cut off unless the model itself has ended it. */
    private static String text(Tokenizer tokenizer, int[] tokens, List<String> stops, boolean ended) {
        for (int n = 0; n <= tokens.length; n++) {
            String sure = decoded(tokenizer, Arrays.copyOf(tokens, n));
            int begin = -1;
            int end = Integer.MAX_VALUE;
            for (String stop : stops) {
                int at = sure.indexOf(stop);
                if (at >= 0 && (at + stop.length() < end || at + stop.length() == end && at < begin)) {
                    begin = at;
                    end = at + stop.length();
                }
            }
            if (begin >= 0) {
                return sure.substring(0, begin);
            }
        }
        return ended ? tokenizer.decode(tokens) : decoded(tokenizer, tokens);
    }

    /** The text without a character that has begun and not ended. */
    private static String decoded(Tokenizer tokenizer, int[] tokens) {
        byte[] bytes = tokenizer.decodeBytes(tokens);
        return new String(bytes, 0, bytes.length - unfinished(bytes), StandardCharsets.UTF_8);
    }

    private static int unfinished(byte[] bytes) {
        for (int n = 1; n <= Math.min(3, bytes.length); n++) {
            int first = bytes[bytes.length - n] & 255;
            if (first >= 0xC0) {
                int length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
                return n < length ? n : 0;
            }
            if (first < 0x80) {
                return 0;
            }
        }
        return 0;
    }

    /** The most tokens whose text is complete and a beginning of this one. */
    private static int kept(Tokenizer tokenizer, int[] tokens, String text) {
        for (int n = tokens.length; n > 0; n--) {
            byte[] bytes = tokenizer.decodeBytes(Arrays.copyOf(tokens, n));
            String decoded = new String(bytes, StandardCharsets.UTF_8);
            boolean complete = unfinished(bytes) == 0 || n == tokens.length && decoded.equals(text);
            if (complete && decoded.length() <= text.length()) {
                return n;
            }
        }
        return 0;
    }
}
