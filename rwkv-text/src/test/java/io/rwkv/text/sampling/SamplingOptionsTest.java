package io.rwkv.text.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.TinyModel;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

class SamplingOptionsTest {
    private static final SamplingOptions GREEDY = SamplingOptions.builder().temperature(0).build();

    @Test
    void changedCopiesShouldKeepEverything() {
        SamplingOptions options = SamplingOptions.builder().order(SamplingOrder.LLAMA_CPP).temperature(0.7).topK(9)
                .topP(0.8).minP(0.1).typicalP(0.6).presencePenalty(0.1).frequencyPenalty(0.2).penaltyDecay(0.3)
                .exemptDigitsAndBlanks(true).occurrences(Map.of(1, 2.0)).repetitionPenalty(1.5).repetitionWindow(7)
                .logitBias(Map.of(3, 4.0)).bannedTokens(List.of(5)).seed(6).build();
        SamplingOptions copy = options.toBuilder().build();
        assertEquals(SamplingOrder.LLAMA_CPP, copy.order());
        assertEquals(0.7, copy.temperature());
        assertEquals(9, copy.topK());
        assertEquals(0.8, copy.topP());
        assertEquals(0.1, copy.minP());
        assertEquals(0.6, copy.typicalP());
        assertEquals(0.1, copy.presencePenalty());
        assertEquals(0.2, copy.frequencyPenalty());
        assertEquals(0.3, copy.penaltyDecay());
        assertTrue(copy.exemptDigitsAndBlanks());
        assertEquals(Map.of(1, 2.0), copy.occurrences());
        assertEquals(1.5, copy.repetitionPenalty());
        assertEquals(7, copy.repetitionWindow());
        assertEquals(Map.of(3, 4.0), copy.logitBias());
        assertEquals(Set.of(5), copy.bannedTokens());
        assertEquals(6, copy.seed().getAsLong());
        SamplingOptions mirostat = SamplingOptions.builder().mirostat(3, 0.2).build().toBuilder().build();
        assertEquals(OptionalDouble.of(3), mirostat.mirostatTau());
        assertEquals(0.2, mirostat.mirostatEta());
        assertEquals(6, mirostat.mirostatMu());
        assertEquals(1, mirostat.topP(), "the default of 0.5 is for sampling without mirostat");
        SamplingStep step = SamplingStep.topK(1);
        assertEquals(List.of(step), SamplingOptions.builder().steps(step).build().toBuilder().build().steps());
    }

    @Test
    void contradictionsShouldBeRefusedByName() {
        assertRefused("topP", options -> options.mirostat(5, 0.1).topP(0.9));
        assertRefused("topK", options -> options.mirostat(5, 0.1).topK(40));
        assertRefused("minP", options -> options.mirostat(5, 0.1).minP(0.1));
        assertRefused("typicalP", options -> options.mirostat(5, 0.1).typicalP(0.9));
        assertRefused("temperature 0", options -> options.mirostat(5, 0.1).temperature(0));
        assertRefused("minP", options -> options.order(SamplingOrder.RWKV).minP(0.1));
        assertRefused("typicalP", options -> options.order(SamplingOrder.RWKV).typicalP(0.9));
        assertRefused("temperature", options -> options.temperature(0.5).steps(SamplingStep.topK(1)));
        assertRefused("bannedTokens", options -> options.steps(SamplingStep.topK(1)).bannedTokens(List.of(1)));
        assertRefused("order", options -> options.steps(SamplingStep.topK(1)).order(SamplingOrder.RWKV));
        SamplingOptions.builder().mirostat(5, 0.1).topP(1).topK(0).build(); // off
        SamplingOptions.builder().steps(SamplingStep.topK(1)).seed(1).build();
    }

    private static void assertRefused(String name, UnaryOperator<SamplingOptions.Builder> change) {
        SamplingOptions.Builder builder = change.apply(SamplingOptions.builder());
        String message = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
        assertTrue(message.startsWith(name + ": expected none beside "), message);
    }

    @Test
    void valuesOutOfRangeShouldBeRefusedByName() {
        assertOutOfRange("temperature", options -> options.temperature(1e-200));
        assertOutOfRange("minP", options -> options.minP(1.1));
        assertOutOfRange("typicalP", options -> options.typicalP(0));
        assertOutOfRange("mirostat tau", options -> options.mirostat(-1, 0.1));
        assertOutOfRange("mirostat eta", options -> options.mirostat(1, 2));
        assertOutOfRange("mirostat mu", options -> options.mirostat(1, 0.1, Double.NaN));
        assertOutOfRange("presencePenalty", options -> options.presencePenalty(Double.NaN));
        assertOutOfRange("frequencyPenalty", options -> options.frequencyPenalty(101));
        assertOutOfRange("penaltyDecay", options -> options.penaltyDecay(1.01));
        assertOutOfRange("occurrences of token 3", options -> options.occurrences(Map.of(3, -1.0)));
        assertOutOfRange("occurrences, token", options -> options.occurrences(Map.of(-3, 1.0)));
        assertOutOfRange("repetitionPenalty", options -> options.repetitionPenalty(0));
        assertOutOfRange("repetitionWindow", options -> options.repetitionWindow(0));
        assertOutOfRange("logitBias of token 3", options -> options.logitBias(Map.of(3, Double.NaN)));
        assertOutOfRange("bannedTokens", options -> options.bannedTokens(List.of(-1)));
    }

    private static void assertOutOfRange(String name, UnaryOperator<SamplingOptions.Builder> change) {
        String message = assertThrows(IllegalArgumentException.class, () -> change.apply(SamplingOptions.builder()))
                .getMessage();
        assertTrue(message.startsWith(name + ": expected "), message);
    }

    @Test
    void tokensOutsideTheVocabularyShouldBeRefused() {
        for (SamplingOptions options : List.of(GREEDY.toBuilder().bannedTokens(List.of(1, 3)).build(),
                GREEDY.toBuilder().logitBias(Map.of(3, 1.0)).build())) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> options.newSampler().choose(new float[3])).getMessage();
            assertTrue(message.contains("expected tokens from 0 to 2, found 3"), message);
        }
    }

    @Test
    void bannedTokensShouldNeverCome() {
        SamplingOptions two = GREEDY.toBuilder().temperature(1).topP(1).bannedTokens(List.of(1, 2)).build();
        Sampler sampler = two.newSampler();
        for (int i = 0; i < 1000; i++) {
            assertTrue(Set.of(0, 3).contains(sampler.choose(new float[]{0, 9, 9, 0})));
        }
        String message = assertThrows(ArithmeticException.class,
                () -> two.newSampler().choose(new float[]{Float.NEGATIVE_INFINITY, 1, 2})).getMessage();
        assertTrue(message.contains("banned"), message);
        // What the model computed must not be hidden by a ban.
        assertThrows(ArithmeticException.class, () -> two.newSampler().choose(new float[]{0, Float.NaN, 1}));
    }

    @Test
    void presenceAndFrequencyShouldPushBackWhatWasChosen() {
        float[] logits = {1, 1.5f, 0};
        Sampler sampler = GREEDY.toBuilder().presencePenalty(1).frequencyPenalty(0.25).penaltyDecay(1).build()
                .newSampler();
        // At the end 0 was chosen twice and 1 four times, both are at -0.5, and the lower id comes first.
        assertEquals(List.of(1, 0, 1, 1, 2, 0, 1, 0),
                IntStream.range(0, 8).mapToObj(i -> sampler.choose(logits)).toList());
    }

    @Test
    void theRepetitionPenaltyShouldForgetAfterItsWindow() {
        float[] logits = {4, 3, -1};
        Sampler sampler = GREEDY.toBuilder().repetitionPenalty(2).repetitionWindow(1).build().newSampler();
        assertEquals(List.of(0, 1, 0, 1), IntStream.range(0, 4).mapToObj(i -> sampler.choose(logits)).toList());
        SamplingStep step = SamplingStep.repetitionPenalty(2, 3).forText(null);
        for (int token : new int[]{1, 0, 0, 2}) {
            step.chosen(token, 1);
        }
        Candidates candidates = new Candidates();
        candidates.load(logits);
        step.apply(candidates);
        assertEquals(List.of(2.0, 3.0, -2.0), IntStream.range(0, 3).mapToObj(candidates::logit).toList());
    }

    @Test
    void digitsShouldBeExemptOnlyOnRequestAndWithATokenizer() {
        SamplingOptions options = GREEDY.toBuilder().frequencyPenalty(1).exemptDigitsAndBlanks(true).build();
        Tokenizer tokenizer = TinyModel.tokenizer("12", "10");
        int seven = tokenizer.encode("7")[0];
        float[] logits = new float[TinyModel.VOCABULARY];
        logits[seven] = 1;
        Sampler exempting = options.newSampler(tokenizer);
        Sampler counting = options.toBuilder().exemptDigitsAndBlanks(false).build().newSampler();
        assertEquals(List.of(seven, seven, seven),
                IntStream.range(0, 3).mapToObj(i -> exempting.choose(logits)).toList());
        assertEquals(seven, counting.choose(logits));
        assertEquals(0, counting.choose(logits));
        String message = assertThrows(IllegalArgumentException.class, options::newSampler).getMessage();
        assertTrue(message.startsWith("exemptDigitsAndBlanks: expected a tokenizer"), message);
    }

    @Test
    void samplersShouldNotShareWhatTheyRemember() {
        SamplingOptions options = GREEDY.toBuilder().presencePenalty(1).build();
        SamplingOptions composed = SamplingOptions.builder()
                .steps(SamplingStep.penalties(1, 0, 1, false, Map.of()), SamplingStep.repetitionPenalty(2, 3),
                        SamplingStep.temperature(0))
                .build();
        for (SamplingOptions each : List.of(options, composed)) {
            assertEquals(1, each.newSampler().choose(new float[]{0, 0.5f}));
            assertEquals(1, each.newSampler().choose(new float[]{0, 0.5f}));
        }
    }

    @Test
    void stepsOfTheCallersShouldRunInTheirOrder() {
        SamplingStep onlyOdd = candidates -> candidates.keepIf(i -> candidates.id(i) % 2 == 1);
        SamplingOptions before = SamplingOptions.builder().steps(onlyOdd, SamplingStep.topK(2)).build();
        SamplingOptions after = SamplingOptions.builder().steps(SamplingStep.topK(2), onlyOdd).build();
        float[] logits = {9, 1, 8, 7, 2, 6};
        Candidates odd = before.newSampler().candidates(logits);
        assertEquals(List.of(3, 5), IntStream.range(0, odd.size()).mapToObj(odd::id).toList());
        assertThrows(IllegalStateException.class, () -> after.newSampler().choose(logits));
    }

    @Test
    void zeroShouldTieWithMinusZero() {
        float[] logits = {-0f, 0f, -5f};
        for (SamplingOptions options : List.of(SamplingOptions.builder().topK(2).topP(1).build(),
                SamplingOptions.builder().minP(1).topP(1).build(),
                SamplingOptions.builder().order(SamplingOrder.RWKV).topP(0.1).build())) {
            assertEquals(2, options.newSampler().candidates(logits).size());
        }
    }

    @Test
    void typicalShouldGoBeyondOnlyInLlamaCppsOrder() {
        for (SamplingOrder order : List.of(SamplingOrder.TEMPERATURE_FIRST, SamplingOrder.LLAMA_CPP)) {
            SamplingOptions options = SamplingOptions.builder().order(order).topP(1).typicalP(0.5).build();
            int kept = options.newSampler().candidates(new float[4]).size();
            assertEquals(order == SamplingOrder.LLAMA_CPP ? 3 : 2, kept, "two of four equal ones have exactly half");
        }
    }

    @Test
    void mirostatShouldSettleAtItsSurprise() {
        Random random = new Random(5);
        float[] logits = new float[3000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextGaussian() * 3;
        }
        double sum = 0;
        SamplingChain sampler = SamplingOptions.builder().mirostat(3, 0.1).seed(8).build().newSampler();
        int n = 3000;
        for (int i = 0; i < n; i++) {
            double[] probabilities = new double[logits.length];
            Candidates now = sampler.candidates(logits);
            for (int index = 0; index < now.size(); index++) {
                probabilities[now.id(index)] = now.probability(index);
            }
            sum -= Math.log(probabilities[sampler.choose(logits)]) / Math.log(2);
        }
        assertEquals(3, sum / n, 0.1);
    }

    @Test
    void presetsShouldBeInRwkvsOrderAndPossible() {
        for (SamplingPreset preset : SamplingPreset.values()) {
            assertEquals(SamplingOrder.RWKV, preset.options().order());
            assertFalse(preset.options().toBuilder().seed(1).build().seed().isEmpty());
            assertTrue(preset.options().newSampler().choose(new float[]{1, 2, 3}) >= 0);
        }
    }
}
