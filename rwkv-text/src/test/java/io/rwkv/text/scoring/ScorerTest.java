package io.rwkv.text.scoring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Rwkv;
import io.rwkv.text.TextModel;
import io.rwkv.text.TinyModel;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

class ScorerTest {
    private static final ScoringOptions ALONE = ScoringOptions.builder().afterEndOfText(false).build();
    private static RwkvModel model;
    private static Tokenizer tokenizer;
    private static int endOfText;

    @BeforeAll
    static void open() throws IOException {
        model = Rwkv.open(DemoModel.checkpoint());
        tokenizer = Tokenizer.load(DemoModel.tokenizer());
        endOfText = tokenizer.endOfText().getAsInt();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** The plain way, in double: log softmax of all logits of one text at once. */
    private static void check(int[] context, int[] tokens, Score score) {
        int[] all = IntStream.concat(Arrays.stream(context), Arrays.stream(tokens)).toArray();
        float[][] logits = model.allLogits(all, model.newState());
        double[] expected = new double[tokens.length];
        for (int i = 0; i < expected.length; i++) {
            float[] row = logits[context.length + i - 1];
            double sum = 0;
            for (float logit : row) {
                sum += Math.exp(logit);
            }
            expected[i] = row[tokens[i]] - Math.log(sum);
        }
        assertArrayEquals(tokens, score.tokens());
        assertArrayEquals(expected, score.tokenLogProbabilities(), 1e-4);
        assertEquals(context.length, score.contextTokens());
        double sum = Arrays.stream(expected).sum();
        assertEquals(sum, score.sum(), 1e-4 * tokens.length);
        assertEquals(sum / tokens.length, score.mean(), 1e-4);
        double perplexity = Math.exp(-sum / tokens.length);
        assertEquals(perplexity, score.perplexity(), 1e-3 * perplexity);
    }

    private static int[] tokens(String text) {
        return tokenizer.encodeOrdinary(text);
    }

    private static int[] afterEndOfText(String text) {
        return IntStream.concat(IntStream.of(endOfText), Arrays.stream(tokens(text))).toArray();
    }

    private static List<String> texts() {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            // of several pieces, among them some that end where a piece does
            texts.add("the lazy dog. ".repeat(i % 13 == 5 ? 130 + 7 * i : 1 + i % 9) + "fox".repeat(i));
        }
        texts.add("x");
        texts.add("a text with <|endoftext|> in it");
        return texts;
    }

    @Test
    void eachTextShouldGetItsOwnScore() {
        List<String> texts = texts();
        List<Score> scores = new Scorer(model, tokenizer).score(texts);
        assertEquals(texts.size(), scores.size());
        for (int i = 0; i < texts.size(); i++) {
            check(new int[]{endOfText}, tokens(texts.get(i)), scores.get(i));
            assertEquals(new Scorer(model, tokenizer).score(texts.get(i)).sum(), scores.get(i).sum(), 1e-2);
        }
        assertEquals(List.of(), new Scorer(model, tokenizer).score(List.of()));
    }

    /** Lengths around those of the pieces. */
    @Test
    void piecesShouldJoinWithoutAGap() {
        Scorer scorer = new Scorer(model, tokenizer, ALONE);
        int[] long_ = tokens("the quick brown fox jumps over the lazy dog. ".repeat(120));
        for (int length : new int[]{2, 511, 512, 513, 514, 1024, 1025, 1026}) {
            String text = tokenizer.decode(Arrays.copyOf(long_, length));
            int[] tokens = tokens(text);
            assertEquals(length, tokens.length);
            check(Arrays.copyOf(tokens, 1), Arrays.copyOfRange(tokens, 1, length), scorer.score(text));
        }
    }

    @Test
    void aPromptShouldBeContext() {
        Scorer scorer = new Scorer(model, tokenizer);
        String prompt = "A violin is a musical";
        List<String> continuations = List.of(" instrument", " dog", "instrument with four strings", "s");
        String longPrompt = "the lazy dog. ".repeat(200);
        for (String p : List.of(prompt, longPrompt, "")) {
            List<Score> shared = scorer.score(p, continuations);
            List<Score> pairs = scorer.score(List.of(p, p, p, p), continuations);
            for (int i = 0; i < continuations.size(); i++) {
                int[] tokens = tokens(continuations.get(i));
                check(afterEndOfText(p), tokens, shared.get(i));
                check(afterEndOfText(p), tokens, pairs.get(i));
                check(afterEndOfText(p), tokens, scorer.score(p, continuations.get(i)));
            }
        }
        List<Score> scores = scorer.score(prompt, continuations);
        assertTrue(scores.get(0).sum() > scores.get(1).sum(), "the model knows violins");
        check(tokens(prompt), tokens(" dog"), new Scorer(model, tokenizer, ALONE).score(prompt, " dog"));
        check(tokens("x"), tokens(" dog"), new Scorer(model, tokenizer, ALONE).score("x", List.of(" dog")).get(0));
        assertEquals(List.of(), scorer.score(prompt, List.of()));
    }

    @Test
    void pairsShouldHaveTheirOwnPrompts() {
        List<String> prompts = List.of("A dog is", "the lazy dog. ".repeat(300), "A bird of the", "");
        List<String> continuations = List.of(" a small animal", " x", " family ".repeat(300), "y");
        List<Score> scores = new Scorer(model, tokenizer).score(prompts, continuations);
        for (int i = 0; i < prompts.size(); i++) {
            check(afterEndOfText(prompts.get(i)), tokens(continuations.get(i)), scores.get(i));
        }
    }

    @Test
    void whatHasNoProbabilityShouldBeRefused() {
        Scorer alone = new Scorer(model, tokenizer, ALONE);
        Scorer scorer = new Scorer(model, tokenizer);
        refused("text: expected at least one token, found none", () -> scorer.score(""));
        refused("texts[1]: expected at least one token, found none", () -> scorer.score(List.of("a", "")));
        refused("texts[1]: expected at least two tokens, found 1, which has nothing before it (afterEndOfText is false)",
                () -> alone.score(List.of("a dog", "x")));
        refused("prompt: expected at least one token", () -> alone.score("", "x"));
        refused("prompts[0]: expected at least one token", () -> alone.score(List.of(""), List.of("x")));
        refused("continuation: expected at least one token", () -> scorer.score("x", ""));
        refused("continuations[1]: expected at least one token", () -> scorer.score("x", List.of("y", "")));
        refused("continuations: expected one for each of 2 prompts, found 1",
                () -> scorer.score(List.of("a", "b"), List.of("c")));
        assertEquals("texts[0]", assertThrows(NullPointerException.class,
                () -> scorer.score(Arrays.asList((String) null))).getMessage());
    }

    private static void refused(String message, Runnable call) {
        String found = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(found.startsWith(message), found);
    }

    @Test
    void brokenLogitsShouldBeRefusedByTheTextsName() {
        try (TextModel broken = TextModel.of(TinyModel.withBrokenToken('#' + 1), TinyModel.tokenizer())) {
            Scorer scorer = new Scorer(broken.model(), broken.tokenizer());
            String message = assertThrows(ArithmeticException.class, () -> scorer.score(List.of("sound", "so#d")))
                    .getMessage();
            assertEquals("texts[1]: the log-probability of token 3 is NaN", message);
            assertFalse(Double.isNaN(scorer.score("so#").sum()), "the last token is not read");
        }
    }

    @Test
    void resultsShouldBelongToTheCaller() {
        Score score = new Scorer(model, tokenizer).score("a dog");
        score.tokens()[0] = -1;
        score.tokenLogProbabilities()[0] = 5;
        check(new int[]{endOfText}, tokens("a dog"), score);
        assertTrue(ALONE.toBuilder().build().afterEndOfText() == false && ScoringOptions.defaults().afterEndOfText());
    }
}
