package io.rwkv.text.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class StringBanTest {
    private static final Tokenizer TOKENIZER = TinyModel.tokenizer("ab", "bc", "xab");
    private static final SamplingOptions GREEDY = SamplingOptions.builder().temperature(0)
            .bannedStrings(List.of("abc", "é")).build();

    private static List<String> choose(Sampler sampler, int count, String... likely) {
        float[] logits = new float[TinyModel.VOCABULARY];
        for (int i = 0; i < likely.length; i++) {
            logits[TOKENIZER.encode(likely[i])[0]] = likely.length - i;
        }
        List<String> chosen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            chosen.add(TOKENIZER.decode(new int[]{sampler.choose(logits)}));
        }
        return chosen;
    }

    @Test
    void stringsShouldBeBannedHoweverTokensDivideThem() {
        assertEquals(List.of("ab", "ab"), choose(GREEDY.newSampler(TOKENIZER), 2, "ab", "c"));
        Sampler sampler = GREEDY.newSampler(TOKENIZER);
        assertEquals(List.of("c", "c"), choose(sampler, 2, "c", "x"));
        assertEquals(List.of("a"), choose(sampler, 1, "a"));
        assertEquals(List.of("x"), choose(sampler, 1, "bc", "x"), "after a, bc would complete abc");
        assertEquals(List.of("bc"), choose(sampler, 1, "bc", "x"));
        assertEquals(List.of("xab"), choose(sampler, 1, "xab"));
        assertEquals(List.of("x"), choose(sampler, 1, "c", "x"));
    }

    @Test
    void textsShouldNotShareWhereTheyAre() {
        Sampler one = GREEDY.newSampler(TOKENIZER);
        Sampler two = GREEDY.newSampler(TOKENIZER);
        choose(one, 1, "ab");
        assertEquals(List.of("c"), choose(two, 1, "c", "x"));
        assertEquals(List.of("x"), choose(one, 1, "c", "x"));
    }

    @Test
    void generatedTextsShouldNotHoldThem() {
        try (RwkvModel model = TinyModel.open()) {
            TextGenerator generator = new TextGenerator(model, TOKENIZER);
            GenerationOptions.Builder options = GenerationOptions.builder().maxTokens(300);
            SamplingOptions free = SamplingOptions.builder().temperature(0.3).topP(1).build();
            String text = generator.generate("Hi", options.sampling(free.toBuilder().seed(1).build()).build());
            String common = text.substring(2, 3);
            for (int seed = 1; seed < 4; seed++) {
                options.sampling(free.toBuilder().seed(seed).bannedStrings(List.of(common)).build());
                assertFalse(generator.generate("Hi", options.build()).contains(common), common);
            }
            assertTrue(text.contains(common));
        }
    }

    @Test
    void whatCannotBeBannedShouldBeRefused() {
        assertEquals(List.of("abc", "é"), GREEDY.toBuilder().build().bannedStrings());
        String message = assertThrows(IllegalArgumentException.class, GREEDY::newSampler).getMessage();
        assertTrue(message.startsWith("bannedStrings: expected a tokenizer"), message);
        SamplingOptions.Builder builder = SamplingOptions.builder();
        assertThrows(IllegalArgumentException.class, () -> builder.bannedStrings(List.of("a", "")));
        assertThrows(IllegalArgumentException.class, () -> builder.bannedStrings(List.of("a\uFFFD")));
        SamplingOptions.Builder beside = builder.bannedStrings(List.of("a")).steps(SamplingStep.topK(1));
        message = assertThrows(IllegalArgumentException.class, beside::build).getMessage();
        assertTrue(message.startsWith("bannedStrings: expected none beside"), message);
        assertEquals(List.of(), SamplingOptions.builder().bannedStrings(List.of("a")).bannedStrings(List.of()).build()
                .bannedStrings());
    }
}
