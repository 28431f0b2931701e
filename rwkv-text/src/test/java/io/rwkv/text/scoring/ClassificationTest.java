package io.rwkv.text.scoring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

class ClassificationTest {
    private static final List<String> LABELS = List.of(" animal", " musical instrument", " x",
            " animal of the dog family");
    private static TextModel rwkv;
    private static Scorer scorer;

    @BeforeAll
    static void open() throws IOException {
        rwkv = TextModel.open(DemoModel.checkpoint());
        scorer = new Scorer(rwkv.model(), rwkv.tokenizer());
    }

    @AfterAll
    static void close() {
        rwkv.close();
    }

    /** More prompts than are read together, one of several pieces, some empty. */
    private static List<String> prompts() {
        List<String> prompts = new ArrayList<>();
        for (int i = 0; i < 70; i++) {
            prompts.add(("A dog is a domestic. ".repeat(i == 30 ? 130 : i % 5) + " fox".repeat(i % 3)));
        }
        return prompts;
    }

    /** Each label scored alone, without forks, and the softmax of the scores as it stands in books. */
    private static void check(String prompt, Classification found) {
        double[] weights = new double[LABELS.size()];
        double[] means = new double[LABELS.size()];
        for (int i = 0; i < weights.length; i++) {
            Score alone = scorer.score(prompt, LABELS.get(i));
            assertEquals(alone.sum(), found.logLikelihoods().get(LABELS.get(i)), 1e-3, prompt);
            assertEquals(alone.mean(), found.perToken().logLikelihoods().get(LABELS.get(i)), 1e-3, prompt);
            assertEquals(alone.contextTokens(), found.scores().get(i).contextTokens());
            weights[i] = Math.exp(alone.sum());
            means[i] = Math.exp(alone.mean());
        }
        for (int i = 0; i < weights.length; i++) {
            String label = LABELS.get(i);
            assertEquals(weights[i] / Arrays.stream(weights).sum(), found.probability(label), 1e-3, prompt);
            assertEquals(means[i] / Arrays.stream(means).sum(), found.perToken().probability(label), 1e-3, prompt);
        }
        assertEquals(1, found.probabilities().values().stream().mapToDouble(p -> p).sum(), 1e-12);
        assertEquals(1, found.perToken().probabilities().values().stream().mapToDouble(p -> p).sum(), 1e-12);
    }

    @Test
    void aPromptShouldBeClassifiedByTheLikelihoodOfItsLabels() {
        Classification violin = rwkv.classify("A violin is a", LABELS);
        assertEquals(" musical instrument", violin.best());
        assertEquals(LABELS, violin.labels());
        assertEquals(LABELS, List.copyOf(violin.probabilities().keySet()));
        check("A violin is a", violin);
        check("", rwkv.classify("", LABELS));
    }

    @Test
    void manyPromptsShouldBeClassifiedAsEachAlone() {
        List<String> prompts = prompts();
        List<Classification> found = scorer.classify(prompts, LABELS);
        assertEquals(prompts.size(), found.size());
        for (int i = 0; i < prompts.size(); i += 3) { // with the long one, and some read after the first 64
            check(prompts.get(i), found.get(i));
        }
        assertEquals(List.of(), scorer.classify(List.of(), LABELS));
    }

    @Test
    void progressShouldGoFromPromptToPromptUntilAllAreRead() {
        List<String> prompts = prompts();
        // each after the end-of-text token
        long total = prompts.stream().mapToLong(prompt -> 1 + rwkv.tokenizer().encodeOrdinary(prompt).length).sum();
        List<Long> reports = new ArrayList<>();
        scorer.classify(prompts, List.of("a", "b"), (done, all) -> {
            assertEquals(total, all);
            reports.add(done);
        });
        assertEquals(reports.stream().distinct().sorted().toList(), reports, "each more than the one before");
        assertTrue(reports.size() >= prompts.size());
        assertEquals(total, reports.get(reports.size() - 1));
    }

    @Test
    void lengthShouldNotMatterPerToken() {
        // The longer label begins with the shorter one, and so is never likelier, however well it goes on.
        List<String> labels = List.of(" musical", " musical instrument");
        Classification sum = rwkv.classify("A violin is a", labels);
        assertEquals(" musical", sum.best());
        assertEquals(" musical instrument", sum.perToken().best());
        assertTrue(!sum.isPerToken() && sum.perToken().isPerToken());
        assertEquals(sum.scores(), sum.perToken().scores());
    }

    @Test
    void labelsOfOneTokenShouldNeedNoState() {
        List<String> labels = List.of("a", "b");
        assertEquals(1, rwkv.tokenizer().encodeOrdinary("a").length);
        Classification found = rwkv.classify("A dog is", labels);
        for (String label : labels) {
            assertEquals(scorer.score("A dog is", label).sum(), found.logLikelihoods().get(label), 1e-4);
        }
    }

    @Test
    void labelsThatCannotBeChosenFromShouldBeRefused() {
        refused("labels: expected at least one, found none", List.of());
        refused("labels[1]: expected at least one token, found none", List.of("a", ""));
        refused("labels[2]: expected a label of its own, found that of labels[0]", List.of("a", "b", "a"));
        assertEquals("labels[1]", assertThrows(NullPointerException.class,
                () -> rwkv.classify("x", Arrays.asList("a", null))).getMessage());
        String unknown = assertThrows(IllegalArgumentException.class,
                () -> rwkv.classify("x", List.of("a", "b")).probability("c")).getMessage();
        assertEquals("label: expected one of [a, b], found c", unknown);
        Scorer alone = new Scorer(rwkv.model(), rwkv.tokenizer(),
                ScoringOptions.builder().afterEndOfText(false).build());
        String empty = assertThrows(IllegalArgumentException.class,
                () -> alone.classify(List.of("x", ""), List.of("a"))).getMessage();
        assertTrue(empty.startsWith("prompts[1]: expected at least one token"), empty);
    }

    private static void refused(String message, List<String> labels) {
        assertEquals(message,
                assertThrows(IllegalArgumentException.class, () -> rwkv.classify("x", labels)).getMessage());
    }

    @Test
    void brokenLogitsShouldBeRefusedByName() {
        try (TextModel broken = TextModel.of(TinyModel.withBrokenToken('#' + 1), TinyModel.tokenizer())) {
            Scorer scorer = new Scorer(broken.model(), broken.tokenizer());
            assertEquals("prompts[1], labels[0]: the log-probability of token 0 is NaN",
                    assertThrows(ArithmeticException.class,
                            () -> scorer.classify(List.of("so", "so#"), List.of("und", "me"))).getMessage());
            assertEquals("labels[1]: the log-probability of token 2 is NaN", assertThrows(ArithmeticException.class,
                    () -> scorer.classify("so", List.of("und", "m#e"))).getMessage());
        }
    }

    @Test
    void labelsThatAreAllImpossibleShouldBeRefused() {
        Score impossible = new Score(new int[]{1}, new double[]{Double.NEGATIVE_INFINITY}, 1);
        Score possible = new Score(new int[]{1}, new double[]{-800}, 1);
        assertEquals("prompts[3]: expected a label that is possible, found all 2 of probability 0",
                assertThrows(ArithmeticException.class, () -> new Classification("prompts[3]: ", List.of("a", "b"),
                        List.of(impossible, impossible), false)).getMessage());
        Classification one = new Classification("", List.of("a", "b", "c"), List.of(impossible, possible, possible),
                false);
        assertEquals("b", one.best());
        assertEquals(0, one.probability("a"));
        assertEquals(0.5, one.probability("c")); // though e^−800 is 0
    }
}
