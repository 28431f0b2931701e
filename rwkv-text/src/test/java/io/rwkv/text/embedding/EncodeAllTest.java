package io.rwkv.text.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;
import io.rwkv.text.TextModel;
import io.rwkv.text.TinyModel;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

class EncodeAllTest {
    private static RwkvModel model;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        model = Rwkv.open(DemoModel.checkpoint());
        tokenizer = Tokenizer.load(DemoModel.tokenizer());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static List<String> texts() {
        String[] words = "a small dog of the bird family that sings <|endoftext|> größer 東京 in water".split(" ");
        Random random = new Random(4);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            int length = i % 25 == 3 ? 700 + random.nextInt(300) : 1 + random.nextInt(20);
            StringBuilder text = new StringBuilder();
            for (int w = 0; w < length; w++) {
                text.append(words[random.nextInt(words.length)]).append(' ');
            }
            texts.add(text.toString());
        }
        return texts;
    }

    /** The plain way: all vectors of one text at once. */
    private static float[] plain(String text, Pooling pooling) {
        float[][] hidden = model.allHidden(tokenizer.encodeOrdinary(text), model.newState());
        double[] sum = new double[hidden[0].length];
        for (float[] vector : pooling == Pooling.MEAN ? hidden : new float[][]{hidden[hidden.length - 1]}) {
            Arrays.setAll(sum, i -> sum[i] + vector[i]);
        }
        double length = Math.sqrt(Arrays.stream(sum).map(x -> x * x).sum());
        float[] out = new float[sum.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (sum[i] / length);
        }
        return out;
    }

    @ParameterizedTest
    @EnumSource
    void eachTextShouldGetItsOwnVector(Pooling pooling) {
        SentenceEncoder encoder = new SentenceEncoder(model, tokenizer, pooling);
        List<String> texts = texts();
        List<float[]> vectors = encoder.encodeAll(texts);
        assertEquals(texts.size(), vectors.size());
        for (int i = 0; i < texts.size(); i++) {
            assertArrayEquals(plain(texts.get(i), pooling), vectors.get(i), 1e-4f, "text " + i);
            assertArrayEquals(encoder.encode(texts.get(i)), vectors.get(i), 1e-4f, "text " + i);
        }
        assertEquals(List.of(), encoder.encodeAll(List.of()));
    }

    @Test
    void progressShouldGoFromTextToTextUntilAllTokensAreRead() {
        SentenceEncoder encoder = new SentenceEncoder(model, tokenizer, Pooling.LAST);
        List<String> texts = texts();
        long total = texts.stream().mapToLong(text -> tokenizer.encodeOrdinary(text).length).sum();
        List<Long> reports = new ArrayList<>();
        encoder.encodeAll(texts, (done, all) -> {
            assertEquals(total, all);
            reports.add(done);
        });
        assertEquals(reports.stream().distinct().sorted().toList(), reports, "each more than the one before");
        assertTrue(reports.get(0) > 0 && reports.size() >= texts.size());
        assertEquals(total, reports.get(reports.size() - 1));
        assertEquals("enough", assertThrows(UnsupportedOperationException.class,
                () -> encoder.encode("a text", (done, all) -> {
                    throw new UnsupportedOperationException("enough");
                })).getMessage());
    }

    @Test
    void whatIsRefusedShouldBeNamed() {
        SentenceEncoder encoder = new SentenceEncoder(model, tokenizer, Pooling.MEAN);
        assertEquals("texts[2]: expected at least one token, found none", assertThrows(IllegalArgumentException.class,
                () -> encoder.encodeAll(List.of("a", "b", ""))).getMessage());
        assertEquals("texts[1]", assertThrows(NullPointerException.class,
                () -> encoder.encodeAll(Arrays.asList("a", null))).getMessage());
        assertEquals("text: expected at least one token, found none",
                assertThrows(IllegalArgumentException.class, () -> encoder.encode("")).getMessage());
    }

    /** Only a token of one text is broken, in its second piece. */
    @ParameterizedTest
    @EnumSource
    void theTextWithABrokenVectorShouldBeNamed(Pooling pooling) {
        try (TextModel broken = TextModel.of(TinyModel.withBrokenToken('#' + 1), TinyModel.tokenizer())) {
            SentenceEncoder encoder = new SentenceEncoder(broken.model(), broken.tokenizer(), pooling);
            List<String> texts = List.of("sound", "x".repeat(600) + "#", "sound too");
            String message = assertThrows(ArithmeticException.class, () -> encoder.encodeAll(texts)).getMessage();
            assertTrue(message.matches("texts\\[1] from token \\d+ on: vector after token \\d+: element 0 is NaN"),
                    message);
            message = assertThrows(ArithmeticException.class, () -> encoder.encode("ab#")).getMessage();
            assertEquals("text: vector after token 2: element 0 is NaN", message);
            assertEquals(2, encoder.encodeAll(List.of("sound", "sound too")).size());
        }
    }
}
