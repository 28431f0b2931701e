package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.cli.MainTest.Result;
import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.scoring.Classification;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

class ChoicesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> LABELS = List.of(" dog", " musical instrument", " musical");
    private static final String PROMPT = "A violin is a";

    @TempDir
    Path folder;

    private static Result choose(String... more) {
        return MainTest.run(Stream.concat(Stream.of("generate"), Stream.of(more)).toArray(String[]::new));
    }

    private static List<JsonNode> lines(Result result) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : result.out().lines().toList()) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static Classification expected(String prompt) throws IOException {
        try (TextModel model = TextModel.open(DemoModel.checkpoint())) {
            return model.classify(prompt, LABELS);
        }
    }

    @Test
    void eachLabelShouldHaveALineTheLikeliestFirst() throws IOException {
        Result result = choose("--choices", " dog, musical instrument, musical", PROMPT);
        assertEquals(0, result.exitCode(), result.err());
        check(expected(PROMPT), lines(result));
        assertEquals(" musical", lines(result).get(0).get("label").textValue());
        assertEquals(result.out(),
                choose("--choices", " dog", "--choices", " musical instrument", "--choices", " musical", PROMPT).out());
        Result perToken = choose("--choices", " dog, musical instrument, musical", "--per-token", PROMPT);
        check(expected(PROMPT).perToken(), lines(perToken));
        assertEquals(" musical instrument", lines(perToken).get(0).get("label").textValue());
    }

    private static void check(Classification expected, List<JsonNode> lines) {
        assertEquals(3, lines.size());
        double before = 1;
        for (JsonNode line : lines) {
            String label = line.get("label").textValue();
            double probability = line.get("probability").doubleValue();
            assertEquals(expected.probability(label), probability, 1e-6);
            assertEquals(expected.logLikelihoods().get(label), line.get("log_probability").doubleValue(), 1e-4);
            assertTrue(probability <= before, "the likeliest first");
            before = probability;
        }
    }

    @Test
    void aSingleOptionShouldHoldAllLabelsAndSeveralOneEach() throws IOException {
        List<JsonNode> lines = lines(choose("--choices", "yes, no", "--choices", "no", PROMPT));
        assertEquals(List.of("no", "yes, no"),
                lines.stream().map(line -> line.get("label").textValue()).sorted().toList());
    }

    @Test
    void manyPromptsShouldHaveALineEach() throws IOException {
        Path file = Files.write(folder.resolve("p.txt"), List.of(PROMPT, "", "A poodle is a"));
        Result result = choose("--choices", " dog, musical instrument, musical", "--file", file.toString());
        assertEquals(0, result.exitCode(), result.err());
        List<JsonNode> lines = lines(result);
        assertEquals(2, lines.size());
        assertEquals(2, lines.get(1).get("index").intValue());
        for (JsonNode line : lines) {
            Classification expected = expected(line.get("prompt").textValue());
            assertEquals(expected.best(), line.get("label").textValue());
            for (String label : LABELS) {
                assertEquals(expected.probability(label), line.get("probabilities").get(label).doubleValue(), 1e-4);
            }
        }
        JsonNode bare = lines(choose("--choices", " dog, cat", "--no-echo", "--file", file.toString())).get(0);
        assertEquals(null, bare.get("prompt"));
    }

    @Test
    void aPromptThatFailsShouldNotLoseTheOthers() throws IOException {
        Path file = Files.write(folder.resolve("p.txt"), List.of(PROMPT, "a @ b", "A poodle is a"));
        Result result = choose("--model", BrokenCopy.write(folder).toString(), "--tokenizer",
                DemoModel.tokenizer().toString(), "--choices", " dog, cat", "--file", file.toString());
        assertEquals(1, result.exitCode());
        List<JsonNode> lines = lines(result);
        assertEquals(3, lines.size());
        assertTrue(lines.get(1).get("error").textValue().contains("is NaN"), result.out());
        assertTrue(lines.get(0).has("label") && lines.get(2).has("label"), result.out());
        assertTrue(result.err().contains("rwkv: 1 of 3 texts failed; the first: " + file + ", line 2: "), result.err());
    }

    @Test
    void optionsThatDoNothingHereShouldBeRefusedByName() {
        for (Map.Entry<List<String>, String> wrong : Map
                .of(List.of("--temperature", "0"), "--temperature: expected none",
                        List.of("--stop", "x"), "--stop: expected none", List.of("--logprobs", "2"),
                        "--logprobs: expected none",
                        List.of("--tuned-state", "f"), "--tuned-state: expected none")
                .entrySet()) {
            refused("rwkv: " + wrong.getValue() + " beside --choices",
                    Stream.concat(wrong.getKey().stream(), Stream.of("--choices", "a,b", "x")).toArray(String[]::new));
        }
        refused("rwkv: --choices: expected two labels or more, found \"yes\"", "--choices", "yes", "x");
        refused("rwkv: --choices: expected labels, found an empty one", "--choices", "yes,,no", "x");
        refused("rwkv: --choices: expected each label once, found [a, b, a]", "--choices", "a,b,a", "x");
    }

    private static void refused(String message, String... arguments) {
        Result result = choose(arguments);
        assertEquals(2, result.exitCode(), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        assertTrue(result.err().startsWith(message), result.err());
    }
}
