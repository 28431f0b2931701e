package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.cli.MainTest.Result;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.demo.DemoModel;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

class GenerateListTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> OPTIONS = List.of("--seed", "7", "--max-tokens", "8");
    private static final List<String> PROMPTS = List.of("A dog is", "A violin is a musical", "x",
            "A kitchen is a room ".repeat(30), "A bird of the family", "The act of", "A small", "Someone who",
            "To make",
            "A plant with", "Of or relating to", "A person who");

    @TempDir
    Path folder;

    private static Result generate(List<String> options, String... more) {
        return MainTest.run(Stream.of(List.of("generate"), options, List.of(more)).flatMap(List::stream)
                .toArray(String[]::new));
    }

    private Path file(String... lines) throws IOException {
        return Files.write(folder.resolve("prompts.txt"), List.of(lines));
    }

    private static List<JsonNode> lines(Result result) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : result.out().lines().toList()) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    /** The text alone, without the prompt. */
    private static String alone(List<String> options, String prompt) {
        Result result = generate(options, "--no-echo", prompt);
        assertEquals(0, result.exitCode(), result.err());
        return result.out().substring(0, result.out().length() - System.lineSeparator().length());
    }

    @Test
    void eachLineShouldGetTheTextThatItGetsAlone() throws IOException {
        Result result = generate(OPTIONS, "--batch", "3", "--file", file(PROMPTS.toArray(new String[0])).toString());
        assertEquals(0, result.exitCode(), result.err());
        List<JsonNode> lines = lines(result);
        assertEquals(PROMPTS.size(), lines.size());
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = lines.get(i);
            List<String> names = new ArrayList<>();
            line.fieldNames().forEachRemaining(names::add);
            assertEquals(List.of("index", "prompt", "text", "reason"), names);
            assertEquals(i, line.get("index").intValue());
            assertEquals(PROMPTS.get(i), line.get("prompt").textValue());
            assertEquals(alone(OPTIONS, PROMPTS.get(i)), line.get("text").textValue());
            assertEquals("MAX_TOKENS", line.get("reason").textValue());
        }
        assertTrue(result.err().contains("12 texts, up to 3 at once"), result.err());
        assertFalse(result.err().contains("\r"), result.err());
    }

    @Test
    void textsThatEndBeforeTheirGrammarDoesShouldBePrintedAndSaid() throws IOException {
        String prompts = file("A dog is", "", "x").toString();
        Path grammar = Files.writeString(folder.resolve("g.gbnf"), "root ::= [a-z]{50}");
        Result cut = generate(OPTIONS, "--grammar", grammar.toString(), "--file", prompts);
        assertEquals(1, cut.exitCode(), cut.err());
        for (JsonNode line : lines(cut)) {
            assertTrue(line.get("text").textValue().matches("[a-z]{1,49}"), line.toString());
            assertEquals("MAX_TOKENS", line.get("reason").textValue());
        }
        assertTrue(cut.err().contains("rwkv: 2 of 2 texts ended before they were complete; the first: " + prompts
                + ", line 1: MAX_TOKENS"), cut.err());
        Files.writeString(grammar, "root ::= \"yes\" | \"no\"");
        Result whole = generate(OPTIONS, "--grammar", grammar.toString(), "--file", prompts);
        assertEquals(0, whole.exitCode(), whole.err());
        for (JsonNode line : lines(whole)) {
            assertTrue(line.get("text").textValue().matches("yes|no"), line.toString());
            assertEquals("COMPLETE", line.get("reason").textValue());
        }
    }

    @Test
    void standardInputAndJsonLinesShouldDo() throws IOException {
        Path json = Files.writeString(folder.resolve("p.jsonl"),
                "{\"prompt\":\"A dog is\"}\n\n{\"prompt\":\"A\\nB\"}\n");
        List<JsonNode> lines = lines(generate(OPTIONS, "--no-echo", "--file", json.toString()));
        assertEquals(2, lines.size());
        assertEquals(2, lines.get(1).get("index").intValue());
        assertEquals(null, lines.get(0).get("prompt"));
        assertEquals(alone(OPTIONS, "A\nB"), lines.get(1).get("text").textValue());
        InputStream in = System.in;
        System.setIn(new ByteArrayInputStream("A dog is\n".getBytes(StandardCharsets.UTF_8)));
        try {
            assertEquals(lines.get(0).get("text"), lines(generate(OPTIONS, "--file", "-")).get(0).get("text"));
        } finally {
            System.setIn(in);
        }
    }

    @Test
    void aTextThatFailsShouldNotLoseTheOthers() throws IOException {
        List<String> model = List.of("--model", BrokenCopy.write(folder).toString(), "--tokenizer",
                DemoModel.tokenizer().toString(), "--temperature", "0", "--max-tokens", "5");
        Path file = file("A dog is", "A kitchen", "a @ b", "A violin is", "@");
        Result result = generate(model, "--file", file.toString());
        assertEquals(1, result.exitCode(), result.err());
        List<JsonNode> lines = lines(result);
        assertEquals(5, lines.size());
        for (int i : List.of(0, 1, 3)) {
            assertEquals(alone(model, lines.get(i).get("prompt").textValue()), lines.get(i).get("text").textValue());
        }
        for (int i : List.of(2, 4)) {
            assertEquals("logit of token 0 is NaN", lines.get(i).get("error").textValue());
            assertFalse(lines.get(i).has("text"));
        }
        assertTrue(result.err()
                .endsWith("rwkv: 2 of 5 texts failed; the first: " + file + ", line 3: logit of token 0 is NaN"
                        + System.lineSeparator()),
                result.err());
    }

    @Test
    void eachTextShouldStartFromTheTunedState() throws IOException {
        Path field = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference", "field");
        Assumptions.assumeTrue(Files.isDirectory(field), field + " is missing; skipped");
        TensorFile inside = SafetensorsReader.open(field.resolve("F4-time-state-inside.safetensors"));
        SafetensorsWriter out = new SafetensorsWriter();
        for (String name : inside.names()) {
            if (name.endsWith("time_state")) {
                float[] values = inside.tensor(name).toFloats();
                for (int i = 0; i < values.length; i++) {
                    values[i] = 50 * (float) Math.sin(i); // one that cannot be overlooked
                }
                out.floats(name, inside.tensor(name).shape(), values);
            }
        }
        Path tuned = folder.resolve("tuned.safetensors");
        out.write(tuned);
        List<String> options = List.of("--model", field.resolve("base-rwkv7.safetensors").toString(), "--tokenizer",
                field.resolve("bytes.json").toString(), "--temperature", "0", "--max-tokens", "12", "--logprobs", "0");
        List<String> tunedToo = new ArrayList<>(options);
        tunedToo.addAll(List.of("--tuned-state", tuned.toString()));
        List<JsonNode> lines = lines(generate(tunedToo, "--file", file("one", "two", "one").toString()));
        for (int i = 0; i < 3; i++) {
            JsonNode last = lines.get(i).get("tokens").get(11);
            assertEquals(lastLogProbability(tunedToo, List.of("one", "two", "one").get(i)),
                    last.get("log_probability").doubleValue(), 1e-4);
        }
        double without = lastLogProbability(options, "one");
        double with = lastLogProbability(tunedToo, "one");
        assertTrue(Math.abs(with - without) > 1e-3, with + ": the state changes it");
    }

    private static double lastLogProbability(List<String> options, String prompt) throws IOException {
        List<String> printed = alone(options, prompt).lines().toList();
        return JSON.readTree(printed.get(printed.size() - 1)).get("log_probability").doubleValue();
    }

    @Test
    void whatIsWrittenToNobodyShouldNotBeGenerated() throws IOException {
        Path file = file(Stream.generate(() -> "A dog is").limit(500).toArray(String[]::new));
        PrintStream before = System.out;
        System.setOut(new PrintStream(new OutputStream() {
            private int lines;

            @Override
            public void write(int b) throws IOException {
                lines += b == '\n' ? 1 : 0;
                if (lines >= 2) {
                    throw new IOException("broken pipe");
                }
            }
        }, true, StandardCharsets.UTF_8));
        PrintStream errBefore = System.err;
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            assertEquals(1, Main.run("generate", "--max-tokens", "10", "--file", file.toString()));
        } finally {
            System.setOut(before);
            System.setErr(errBefore);
        }
        String said = err.toString(StandardCharsets.UTF_8);
        assertTrue(said.contains("rwkv: cannot write to standard output"), said);
        assertFalse(said.contains("500 texts"), said); // the summary of a list that came to its end
    }

    @Test
    void optionsWithoutEffectShouldBeRefusedByName() throws IOException {
        String file = file("x").toString();
        for (Map.Entry<List<String>, String> wrong : Map.of(List.of("--file", file, "a prompt"),
                "rwkv: --file: expected no PROMPT", List.of("--batch", "2", "x"), "rwkv: --batch: expected --file",
                List.of("--batch", "0", "--file", file), "rwkv: --batch: expected at least 1, found 0",
                List.of("--logprobs", "-1", "x"), "rwkv: logProbabilities: expected 0 or more, found -1",
                List.of("--per-token", "x"), "rwkv: --per-token: expected --choices", List.<String>of(),
                "rwkv: expected a PROMPT, or --file").entrySet()) {
            Result result = generate(wrong.getKey());
            assertEquals(2, result.exitCode(), wrong + result.err());
            assertEquals(1, result.err().lines().count(), result.err());
            assertTrue(result.err().startsWith(wrong.getValue()), result.err());
        }
        Result malformed = generate(List.of("--file",
                Files.writeString(folder.resolve("m.jsonl"), "{\"prompt\":\"x\"}\n{}\n").toString()));
        assertEquals(1, malformed.exitCode());
        assertEquals("", malformed.out()); // all lines are checked before the first text
        assertTrue(malformed.err().contains("m.jsonl, line 2: expected an object"), malformed.err());
    }

    @Test
    void logProbabilitiesShouldBePrintedForEachToken() throws IOException {
        List<String> options = List.of("--temperature", "0", "--max-tokens", "6");
        String text = alone(options, "A dog is");
        Result result = generate(options, "--no-echo", "--logprobs", "3", "A dog is");
        assertEquals(0, result.exitCode(), result.err());
        assertTrue(result.out().startsWith(text + System.lineSeparator()), result.out());
        StringBuilder joined = new StringBuilder();
        List<String> printed = result.out().substring(text.length()).strip().lines().toList();
        assertEquals(6, printed.size());
        for (String one : printed) {
            JsonNode token = JSON.readTree(one);
            joined.append(token.get("text").textValue());
            JsonNode likeliest = token.get("likeliest");
            assertEquals(3, likeliest.size());
            assertEquals(token.get("token"), likeliest.get(0).get("token")); // temperature 0 takes it
            double probability = token.get("log_probability").doubleValue();
            assertEquals(probability, likeliest.get(0).get("log_probability").doubleValue());
            assertTrue(probability < 0 && likeliest.get(1).get("log_probability").doubleValue() <= probability, one);
            assertTrue(likeliest.get(2).get("text").isTextual(), one);
        }
        assertEquals(text, joined.toString());
        List<JsonNode> list = lines(generate(options, "--logprobs", "0", "--file", file("A dog is").toString()));
        JsonNode tokens = list.get(0).get("tokens");
        assertEquals(6, tokens.size());
        assertEquals(JSON.readTree(printed.get(5)).get("token"), tokens.get(5).get("token"));
        assertFalse(tokens.get(0).has("likeliest"));
    }
}
