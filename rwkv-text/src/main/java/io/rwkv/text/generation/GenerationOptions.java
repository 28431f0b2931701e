package io.rwkv.text.generation;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * How text is generated. Immutable; start from {@link #defaults()}.
 *
 * @param maxTokens the most tokens to generate, at least 0
 * @param temperature divides the logits before the softmax; 0 always takes the likeliest token
 * @param topK keeps the likeliest so many tokens; 0 keeps all
 * @param topP keeps the likeliest tokens that together have this probability, in (0, 1]; 1 keeps all
 * @param seed makes the choice repeatable; empty for another choice each time
 * @param stopStrings generation ends before the first of these appears in the new text; none may be empty
 * @param stopTokens generation ends at these ids
 * @param stopAtEndOfText whether generation ends at the tokenizer's end-of-text token
 */
public record GenerationOptions(int maxTokens, double temperature, int topK, double topP, OptionalLong seed,
        List<String> stopStrings, List<Integer> stopTokens, boolean stopAtEndOfText) {
    /** Refuses values out of range. */
    public GenerationOptions {
        check(maxTokens >= 0, "maxTokens", "0 or more", maxTokens);
        check(temperature >= 0 && temperature <= 1e6, "temperature", "0 or more", temperature);
        check(topK >= 0, "topK", "0 or more", topK);
        check(topP > 0 && topP <= 1, "topP", "more than 0, at most 1", topP);
        Objects.requireNonNull(seed, "seed");
        stopStrings = List.copyOf(stopStrings);
        stopTokens = List.copyOf(stopTokens);
        check(!stopStrings.contains(""), "stopStrings", "no empty string", stopStrings);
    }

    private static void check(boolean holds, String what, String expected, Object found) {
        if (!holds) {
            throw new IllegalArgumentException(what + ": expected " + expected + ", found " + found);
        }
    }

    /** 256 tokens, temperature 1, top-p 0.5, another choice each time, stopping at the end of the text. */
    public static GenerationOptions defaults() {
        return new GenerationOptions(256, 1, 0, 0.5, OptionalLong.empty(), List.of(), List.of(), true);
    }

    /** The same with this {@link #maxTokens()}. */
    public GenerationOptions withMaxTokens(int value) {
        return new GenerationOptions(value, temperature, topK, topP, seed, stopStrings, stopTokens, stopAtEndOfText);
    }

    /** The same with this {@link #temperature()}. */
    public GenerationOptions withTemperature(double value) {
        return new GenerationOptions(maxTokens, value, topK, topP, seed, stopStrings, stopTokens, stopAtEndOfText);
    }

    /** The same with this {@link #topK()}. */
    public GenerationOptions withTopK(int value) {
        return new GenerationOptions(maxTokens, temperature, value, topP, seed, stopStrings, stopTokens,
                stopAtEndOfText);
    }

    /** The same with this {@link #topP()}. */
    public GenerationOptions withTopP(double value) {
        return new GenerationOptions(maxTokens, temperature, topK, value, seed, stopStrings, stopTokens,
                stopAtEndOfText);
    }

    /** The same with this {@link #seed()}. */
    public GenerationOptions withSeed(long value) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, OptionalLong.of(value), stopStrings,
                stopTokens, stopAtEndOfText);
    }

    /** The same with these {@link #stopStrings()}. */
    public GenerationOptions withStopStrings(String... values) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, seed, List.of(values), stopTokens,
                stopAtEndOfText);
    }

    /** The same with these {@link #stopTokens()}. */
    public GenerationOptions withStopTokens(int... values) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, seed, stopStrings,
                Arrays.stream(values).boxed().toList(), stopAtEndOfText);
    }

    /** The same with this {@link #stopAtEndOfText()}. */
    public GenerationOptions withStopAtEndOfText(boolean value) {
        return new GenerationOptions(maxTokens, temperature, topK, topP, seed, stopStrings, stopTokens, value);
    }
}
