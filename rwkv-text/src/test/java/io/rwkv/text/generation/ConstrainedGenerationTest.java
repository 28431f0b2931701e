package io.rwkv.text.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.sampling.Constraint;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceOptions;
import io.rwkv.tokenizer.WorldTokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

import java.util.Arrays;

/** Constraints decide what may come next, whatever the model and the sampler want. */
class ConstrainedGenerationTest {
    private static final RwkvModel MODEL = TinyModel.open();
    private static final WorldTokenizer TOKENIZER = TinyModel.tokenizer("ab", "aba");

    @AfterAll
    static void close() {
        MODEL.close();
    }

    /** Letters a and b in turn, at most this many and at least one, in tokens of single bytes. */
    private static class Turns implements Constraint {
        private final int most;
        private int length;

        Turns(int most) {
            this.most = most;
        }

        @Override
        public void restrict(float[] logits) {
            int next = (length % 2 == 0 ? 'a' : 'b') + 1;
            float logit = logits[next];
            Arrays.fill(logits, Float.NEGATIVE_INFINITY);
            logits[next] = logit;
        }

        @Override
        public void accept(int token) {
            assertEquals((length % 2 == 0 ? 'a' : 'b') + 1, token);
            length++;
        }

        @Override
        public boolean mayEnd() {
            return length > 0;
        }

        @Override
        public boolean mayContinue() {
            return length < most;
        }
    }

    private static GenerationOptions.Builder turns(int most) {
        return GenerationOptions.builder().temperature(0).constraint(tokenizer -> new Turns(most));
    }

    private static Generation.Request request(GenerationOptions options) {
        return new TextGenerator(MODEL, TOKENIZER).request("Hi").options(options);
    }

    /** A sampler that wants this token wherever it is allowed. */
    private static int prefer(int token, float[] logits) {
        if (logits[token] > Float.NEGATIVE_INFINITY) {
            return token;
        }
        for (int i = logits.length - 1; i > 0; i--) {
            if (logits[i] > Float.NEGATIVE_INFINITY) {
                return i;
            }
        }
        throw new AssertionError("nothing is allowed");
    }

    @Test
    void aTextShouldEndWhereNothingMayFollow() {
        RwkvState state = MODEL.newState();
        GenerationOptions options = turns(5).sampler(() -> logits -> prefer('a' + 1, logits)).build();
        Generation result = request(options).state(state).run();
        assertEquals("ababa", result.text());
        assertEquals(Reason.COMPLETE, result.reason());
        assertEquals(5, result.generatedTokens());
        RwkvState expected = MODEL.newState();
        MODEL.logits(TOKENIZER.encode("Hi"), expected);
        MODEL.logits(result.tokens(), expected);
        assertTrue(TinyModel.difference(expected, state) < 1e-4);
    }

    @Test
    void aTextShouldEndAtAnEndTokenOnlyWhereItMay() {
        Generation result = request(turns(5).sampler(() -> logits -> prefer(0, logits)).build()).run();
        assertEquals("a", result.text());
        assertEquals(Reason.COMPLETE, result.reason());

        GenerationOptions stopToken = turns(5).stopAtEndOfText(false).stopTokens('z' + 1)
                .sampler(() -> logits -> prefer('z' + 1, logits)).build();
        result = request(stopToken).run();
        assertEquals("a", result.text());
        assertEquals(Reason.COMPLETE, result.reason());
    }

    @Test
    void aTextThatIsCutOffShouldSaySo() {
        GenerationOptions few = turns(5).maxTokens(3).sampler(() -> logits -> prefer('a' + 1, logits)).build();
        assertEquals(Reason.MAX_TOKENS, request(few).run().reason());
        assertEquals(Reason.STOP_STRING, request(few.toBuilder().stopStrings("ba").build()).run().reason());
    }

    @Test
    void textHeldBackShouldComeWhenNothingMayFollow() {
        GenerationOptions options = turns(3).stopStrings("bax").sampler(() -> logits -> prefer('a' + 1, logits))
                .build();
        assertEquals("aba", request(options).run().text());
    }

    @Test
    void theServiceShouldGiveTheSame() {
        GenerationOptions options = turns(40).temperature(1).topP(1).seed(3).build();
        Generation alone = request(options).run();
        try (GenerationService service = new GenerationService(MODEL, ServiceOptions.defaults())) {
            Generation served = service.submit(request(options), piece -> {}).join();
            assertEquals(alone.text(), served.text());
            assertEquals(alone.reason(), served.reason());
        }
    }

    @Test
    void whatCannotBeShouldBeRefused() {
        Generation.Request noEnd = request(turns(5).stopAtEndOfText(false).build());
        assertTrue(assertThrows(IllegalArgumentException.class, noEnd::run).getMessage().contains("ends the text"));

        Generation.Request nothing = request(turns(0).build());
        assertEquals("Generation[COMPLETE, 0 tokens: ]", nothing.run().toString());

        Generation.Request deadEnd = request(GenerationOptions.builder().constraint(tokenizer -> new Turns(5) {
            @Override
            public void restrict(float[] logits) {
                Arrays.fill(logits, Float.NEGATIVE_INFINITY);
            }

            @Override
            public String toString() {
                return "a dead end";
            }
        }).build());
        assertTrue(assertThrows(IllegalStateException.class, deadEnd::run).getMessage().contains("a dead end"));

        RwkvModel broken = TinyModel.open(Float.NaN);
        try (broken) {
            Generation.Request request = new TextGenerator(broken, TOKENIZER).request("Hi").options(turns(5).build());
            assertThrows(ArithmeticException.class, request::run, "−∞ must not hide NaN");
        }
    }

    @Test
    void logProbabilitiesShouldBeTheModelsOwn() {
        float[] logits = MODEL.logits(TOKENIZER.encode("Hi"), MODEL.newState());
        double sum = 0;
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            sum += Math.exp(logits[i]);
            best = logits[i] > logits[best] ? i : best;
        }
        for (GenerationOptions.Builder options : new GenerationOptions.Builder[]{turns(5),
                GenerationOptions.builder().temperature(3).seed(1)}) {
            Generation result = request(options.maxTokens(4).logProbabilities(3).build()).run();
            assertEquals(result.generatedTokens(), result.logProbabilities().size());
            TokenLogProbabilities first = result.logProbabilities().get(0);
            assertEquals(result.tokens()[0], first.chosen().token());
            assertEquals(logits[first.chosen().token()] - Math.log(sum), first.chosen().logProbability(), 1e-4);
            assertEquals(3, first.likeliest().size());
            assertEquals(best, first.likeliest().get(0).token());
            assertEquals(logits[best] - Math.log(sum), first.likeliest().get(0).logProbability(), 1e-4);
        }
        assertEquals(0, request(GenerationOptions.builder().maxTokens(4).build()).run().logProbabilities().size());
    }

    @Test
    void theLikeliestShouldStandInOrder() {
        float[] logits = {1, 3, Float.NEGATIVE_INFINITY, 3, 2};
        assertEquals("[1, 3, 4, 0, 2]", ids(TokenLogProbabilities.of(logits, 0, 9)));
        assertEquals("[1, 3]", ids(TokenLogProbabilities.of(logits, 0, 2)));
        assertEquals("[]", ids(TokenLogProbabilities.of(logits, 0, 0)));
        assertEquals(Double.NEGATIVE_INFINITY, TokenLogProbabilities.of(logits, 2, 0).chosen().logProbability());
        assertThrows(ArithmeticException.class,
                () -> TokenLogProbabilities.of(new float[]{1, Float.NaN}, 0, 0));
    }

    private static String ids(TokenLogProbabilities of) {
        return of.likeliest().stream().map(TokenLogProbabilities.Entry::token).toList().toString();
    }
}
