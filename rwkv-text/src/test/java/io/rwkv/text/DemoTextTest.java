package io.rwkv.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.embedding.SentenceEncoder;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.tokenizer.BpeTokenizer;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** From a file that PyTorch wrote to text and vectors, with the model that the project ships. */
class DemoTextTest {
    private static final GenerationOptions GREEDY = GenerationOptions.builder().temperature(0).maxTokens(30).build();
    private static RwkvModel model;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        model = Rwkv.open(DemoModel.checkpoint());
        tokenizer = BpeTokenizer.load(DemoModel.tokenizer());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void streamedPiecesShouldBeTheText() {
        List<String> pieces = new ArrayList<>();
        Generation result = new TextGenerator(model, tokenizer).request("A dog is").options(GREEDY).run(pieces::add);
        assertEquals(result.text(), String.join("", pieces));
        assertTrue(pieces.size() > 3, "it comes in pieces");
        assertFalse(result.text().isBlank());
        assertEquals(tokenizer.encode("A dog is").length, result.promptTokens());
        assertEquals(result.text(), new TextGenerator(model, tokenizer).generate("A dog is", GREEDY));
    }

    @Test
    void theSameSeedShouldGiveTheSameText() {
        TextGenerator generator = new TextGenerator(model, tokenizer);
        GenerationOptions seeded = GenerationOptions.builder().maxTokens(30).topP(1).seed(4).build();
        String text = generator.generate("The sea", seeded);
        assertEquals(text, generator.generate("The sea", seeded));
        assertFalse(text.equals(generator.generate("The sea", seeded.toBuilder().seed(5).build())));
    }

    @Test
    void generationShouldEndWhereItIsTold() {
        TextGenerator generator = new TextGenerator(model, tokenizer);
        String text = generator.generate("A dog is", GREEDY);
        String stop = text.substring(text.length() / 2, text.length() / 2 + 4);
        Generation stopped = generator.request("A dog is").options(GREEDY).stop(stop).run();
        assertEquals(text.substring(0, text.indexOf(stop)), stopped.text());
        assertEquals(Generation.Reason.STOP_STRING, stopped.reason());

        int first = tokenizer.encode(text)[0];
        Generation none = generator.request("A dog is")
                .options(GREEDY.toBuilder().stopTokens(first).build()).run();
        assertEquals(Generation.Reason.STOP_TOKEN, none.reason());
        assertEquals("", none.text());

        Generation few = generator.request("A dog is").options(GREEDY.toBuilder().maxTokens(2).build()).run();
        assertEquals(Generation.Reason.MAX_TOKENS, few.reason());
        assertEquals(2, few.generatedTokens());

        int[] asked = {0};
        Generation cancelled = generator.request("A dog is").options(GREEDY).cancelledWhen(() -> ++asked[0] > 4).run();
        assertEquals(Generation.Reason.CANCELLED, cancelled.reason());
        assertEquals(3, cancelled.generatedTokens());
    }

    @Test
    void theStateShouldHoldPromptAndText() {
        RwkvState state = model.newState();
        Generation result = new TextGenerator(model, tokenizer).request("A dog is")
                .options(GREEDY.toBuilder().maxTokens(8).build()).state(state).run();
        RwkvState expected = model.newState();
        int[] prompt = tokenizer.encode("A dog is");
        model.logits(prompt, expected);
        for (int token : tokenizer.encode(result.text())) {
            model.logits(new int[]{token}, expected);
        }
        assertArrayEquals(expected.read(0, "att_xx"), state.read(0, "att_xx"), 1e-4f);
    }

    @Test
    void anEmptyPromptShouldStartFromTheEndOfText() {
        String text = new TextGenerator(model, tokenizer).generate("", GREEDY);
        assertEquals(text, new TextGenerator(model, tokenizer).generate("<|endoftext|>", GREEDY));
    }

    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    @Test
    void vectorsShouldHaveLengthOneAndPutLikeBesideLike() {
        SentenceEncoder encoder = new SentenceEncoder(model, tokenizer, Pooling.MEAN);
        float[] wolf = encoder.encode("a wild animal of the dog family that hunts in packs");
        float[] fox = encoder.encode("a small wild animal with a bushy tail");
        float[] bank = encoder.encode("a financial institution that accepts deposits and lends money");
        assertEquals(256, encoder.dimensions());
        assertEquals(1, cosine(wolf, wolf), 1e-5);
        assertTrue(cosine(wolf, fox) > cosine(wolf, bank), cosine(wolf, fox) + " against " + cosine(wolf, bank));
    }

    @Test
    void longTextsShouldBeEncodedPieceByPiece() {
        String text = "the quick brown fox jumps over the lazy dog. ".repeat(120);
        int[] tokens = tokenizer.encode(text);
        assertTrue(tokens.length > 1024);
        double[] mean = new double[256];
        for (float[] hidden : model.allHidden(tokens, model.newState())) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += hidden[i];
            }
        }
        double norm = 0;
        for (double value : mean) {
            norm += value * value;
        }
        float[] expected = new float[256];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = (float) (mean[i] / Math.sqrt(norm));
        }
        assertArrayEquals(expected, new SentenceEncoder(model, tokenizer, Pooling.MEAN).encode(text), 1e-4f);
        float[] last = new SentenceEncoder(model, tokenizer, Pooling.LAST).encode(text);
        float[] hidden = model.hidden(tokens, model.newState());
        assertEquals(1, cosine(last, last), 1e-5);
        assertEquals(Math.sqrt(cosine(hidden, hidden)), cosine(last, hidden), 1e-2);
    }

    @Test
    void emptyTextShouldBeRefused() {
        SentenceEncoder encoder = new SentenceEncoder(model, tokenizer, Pooling.LAST);
        assertThrows(IllegalArgumentException.class, () -> encoder.encode(""));
    }
}
