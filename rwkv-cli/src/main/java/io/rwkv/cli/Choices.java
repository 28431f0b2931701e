package io.rwkv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.text.TextModel;
import io.rwkv.text.scoring.Classification;
import io.rwkv.text.scoring.Scorer;

import java.io.IOException;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Says how likely labels are as continuations of prompts. For one thread. */
final class Choices {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<String> labels;
    private final boolean perToken;

    /**
     * @param given labels; a single one holds all of them, separated by commas
     * @param perToken whether they are compared by the mean log-probability of their tokens
     * @throws IllegalArgumentException if there is nothing to choose from
     */
    Choices(List<String> given, boolean perToken) {
        labels = given.size() == 1 ? List.of(given.get(0).split(",", -1)) : given;
        this.perToken = perToken;
        if (labels.size() < 2) {
            throw new IllegalArgumentException("--choices: expected two labels or more, found \"" + labels.get(0)
                    + "\"; separate them by commas, or give the option several times");
        }
        if (labels.contains("")) {
            throw new IllegalArgumentException("--choices: expected labels, found an empty one");
        }
        if (new HashSet<>(labels).size() < labels.size()) {
            throw new IllegalArgumentException("--choices: expected each label once, found " + labels);
        }
    }

    /** Prints a line of JSON for each label, the likeliest first. */
    void print(TextModel model, String prompt) throws IOException {
        Classification found;
        try (Progress progress = Progress.of("reading", "tokens")) {
            found = scorer(model).classify(List.of(prompt), labels, progress::report).get(0);
        }
        Map<String, Double> probabilities = compared(found).probabilities();
        Map<String, Double> logLikelihoods = compared(found).logLikelihoods();
        for (String label : labels.stream().sorted(Comparator.comparing(probabilities::get).reversed()).toList()) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("label", label);
            line.put("probability", probabilities.get(label));
            line.put("log_probability", logLikelihoods.get(label));
            System.out.println(JSON.writeValueAsString(line));
        }
    }

    /**
     * Prints a line of JSON for each prompt.
     *
     * @param echo whether lines hold their prompts
     * @throws IOException if a prompt failed; all others are printed before
     */
    void print(TextModel model, TextsFile prompts, boolean echo) throws IOException {
        Scorer scorer = scorer(model);
        try (Progress progress = Progress.of("reading", "tokens")) {
            Portions.run(prompts, text -> model.tokenizer().encodeOrdinary(text).length,
                    (texts, read) -> scorer.classify(texts, labels, read), this::line, progress,
                    echo ? "prompt" : null);
        }
    }

    private Map<String, Object> line(Classification found) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("label", compared(found).best());
        line.put("probabilities", compared(found).probabilities());
        return line;
    }

    private Classification compared(Classification found) {
        return perToken ? found.perToken() : found;
    }

    private static Scorer scorer(TextModel model) {
        return new Scorer(model.model(), model.tokenizer());
    }
}
