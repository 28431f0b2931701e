package io.rwkv.text.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.sampling.Sampler;
import io.rwkv.text.sampling.SamplingOptions;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

class GenerationOptionsTest {
    @Test
    void aCopyShouldHaveAllThatWasSaid() {
        GenerationOptions options = GenerationOptions.builder().maxTokens(7).temperature(0.5).topK(3).topP(0.9).seed(11)
                .stopStrings("a", "b", "a").stopTokens(4, 5).stopAtEndOfText(false).build().toBuilder().build();
        assertEquals(7, options.maxTokens());
        SamplingOptions sampling = options.sampling().orElseThrow();
        assertEquals(0.5, sampling.temperature());
        assertEquals(3, sampling.topK());
        assertEquals(0.9, sampling.topP());
        assertEquals(OptionalLong.of(11), sampling.seed());
        assertEquals(List.of("a", "b"), options.stopStrings());
        assertEquals(Set.of(4, 5), options.stopTokens());
        assertEquals(false, options.stopAtEndOfText());
        assertEquals(List.of("c"), options.toBuilder().stopStrings("c").build().stopStrings());
        assertEquals(List.of("a", "b"), options.toBuilder().stopStrings(options.stopStrings()).build().stopStrings());
    }

    @Test
    void aBuilderUsedAgainShouldLeaveWhatItBuilt() {
        GenerationOptions.Builder builder = GenerationOptions.builder().stopStrings("a").temperature(0.5);
        GenerationOptions first = builder.build();
        GenerationOptions second = builder.stopStrings("b").temperature(0.7).build();
        assertEquals(List.of("a"), first.stopStrings());
        assertEquals(0.5, first.sampling().orElseThrow().temperature());
        assertEquals(List.of("b"), second.stopStrings());
        assertEquals(0.7, second.sampling().orElseThrow().temperature());
    }

    @Test
    void aSamplerOfTheCallersShouldChooseAmongNumbersOnly() {
        Sampler last = logits -> logits.length - 1;
        GenerationOptions options = GenerationOptions.builder().sampler(() -> last).build();
        assertEquals(Optional.empty(), options.sampling());
        assertEquals(2, options.newSampler(null).choose(new float[]{3, 2, 1}));
        assertThrows(ArithmeticException.class, () -> options.newSampler(null).choose(new float[]{1, Float.NaN}));
        assertNamed("sampler", () -> GenerationOptions.builder().sampler(() -> null).build().newSampler(null));
    }

    @Test
    void whatASamplerOfTheCallersDoesNotHearShouldBeRefused() {
        GenerationOptions.Builder builder = GenerationOptions.builder().temperature(2).sampler(() -> logits -> 0);
        assertNamed("temperature", () -> builder.temperature(1));
        assertNamed("topK", () -> builder.topK(1));
        assertNamed("topP", () -> builder.topP(1));
        assertNamed("seed", () -> builder.build().toBuilder().seed(1));
        SamplingOptions greedy = SamplingOptions.builder().temperature(0).build();
        assertEquals(0, builder.sampling(greedy).build().sampling().orElseThrow().temperature());
    }

    @Test
    void badOptionsShouldBeRefusedByName() {
        GenerationOptions.Builder builder = GenerationOptions.builder();
        assertNamed("maxTokens", () -> builder.maxTokens(-1));
        assertNamed("stopStrings", () -> builder.stopStrings("a", ""));
        assertNamed("stopTokens", () -> builder.stopTokens(-1));
        assertNamed("topP", () -> builder.topP(-1));
    }

    private static void assertNamed(String name, Executable wrong) {
        RuntimeException thrown = assertThrows(RuntimeException.class, wrong);
        assertTrue(thrown.getMessage().startsWith(name + ": "), thrown.toString());
    }
}
