package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

class SampleCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** What the reference says of the results. */
    private static final List<String> RESULTS = List.of("vector", "kept_count", "kept", "p", "entropy", "margin",
            "ties",
            "chosen", "kept_sum_of_ids", "top", "p_min", "p_max");

    @TempDir
    private Path folder;

    private static JsonNode reference(String name) throws IOException {
        Path file = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference", "sampling", name);
        Assumptions.assumeTrue(Files.exists(file), file + " is missing; skipped");
        return JSON.readTree(file.toFile());
    }

    private MainTest.Result sample(Path in, Path out) {
        return MainTest.run("sample", "--in", in.toString(), "--out", out.toString());
    }

    @Test
    void allReferenceResultsShouldComeThroughTheCommandLine() throws IOException {
        Map<String, String> vectors = new HashMap<>();
        reference("vectors.json").get("vectors")
                .forEach(vector -> vectors.put(vector.get("name").asText(), vector.get("f32le_base64").asText()));
        List<JsonNode> cases = new ArrayList<>();
        for (String name : List.of("filters.json", "bias.json", "mirostat2.json")) {
            reference(name).get("cases").forEach(cases::add);
        }
        assertEquals(395 + 24 + 108, cases.size());
        Path in = folder.resolve("in.jsonl");
        try (BufferedWriter lines = Files.newBufferedWriter(in)) {
            for (JsonNode each : cases) {
                ObjectNode line = each.deepCopy();
                line.remove(RESULTS);
                line.put("f32le_base64", vectors.get(each.get("vector").asText()));
                lines.write(line + "\n");
            }
        }
        Path out = folder.resolve("out.jsonl");
        MainTest.Result result = sample(in, out);
        assertEquals(0, result.exitCode(), result.err());
        try (BufferedReader lines = Files.newBufferedReader(out)) {
            for (JsonNode each : cases) {
                assertCase(each, JSON.readTree(lines.readLine()));
            }
            assertEquals(null, lines.readLine());
        }
    }

    private static void assertCase(JsonNode expected, JsonNode found) {
        String which = expected.get("vector") + " " + expected.get("order");
        assertEquals(List.of("kept", "p"), Stream.of("kept", "p").filter(found::has).toList());
        assertEquals(2, found.size());
        assertEquals(expected.get("kept_count").asInt(), found.get("kept").size(), which);
        assertEquals(found.get("kept").size(), found.get("p").size(), which);
        if (expected.has("kept")) {
            assertEquals(expected.get("kept"), found.get("kept"), which);
            for (int i = 0; i < found.get("p").size(); i++) {
                assertEquals(expected.get("p").get(i).asDouble(), found.get("p").get(i).asDouble(), 1e-5, which);
            }
        } else {
            long sum = 0;
            Map<Integer, Double> p = new HashMap<>();
            for (int i = 0; i < found.get("kept").size(); i++) {
                sum += found.get("kept").get(i).asInt();
                p.put(found.get("kept").get(i).asInt(), found.get("p").get(i).asDouble());
            }
            assertEquals(expected.get("kept_sum_of_ids").asLong(), sum, which);
            for (JsonNode top : expected.get("top")) {
                assertEquals(top.get(1).asDouble(), p.get(top.get(0).asInt()), 1e-5, which);
            }
        }
    }

    @Test
    void referenceLogitsThatAreNoDistributionShouldBeRefused() throws IOException {
        for (JsonNode vector : reference("invalid.json").get("vectors")) {
            Path in = Files.writeString(folder.resolve("in.jsonl"),
                    "{\"logits\":[1,2]}\n{\"f32le_base64\":" + vector.get("f32le_base64") + "}\n");
            Path out = folder.resolve("out.jsonl");
            MainTest.Result result = sample(in, out);
            assertEquals(1, result.exitCode(), result.err());
            assertTrue(result.err().contains(", line 2: "), result.err());
            assertFalse(Files.exists(out));
        }
    }

    @Test
    void whatIsLeftOutShouldBeOff() throws IOException {
        Path in = Files.writeString(folder.resolve("in.jsonl"), "{\"logits\":[0, -Infinity, 0, 0]}\n");
        Path out = folder.resolve("out.jsonl");
        assertEquals(0, sample(in, out).exitCode());
        assertEquals("{\"kept\":[0,2,3],\"p\":[0.3333333333333333,0.3333333333333333,0.3333333333333333]}\n",
                Files.readString(out));
    }

    @Test
    void whatIsNotUnderstoodShouldBeRefusedWithItsLine() throws IOException {
        Map<String, String> wrong = new HashMap<>();
        wrong.put("{\"logits\":[1],\"topp\":0.5}", "[topp]: expected none but [");
        wrong.put("{\"logits\":[1],\"top_p\":\"0.5\"}", "top_p: expected a number, found \"0.5\"");
        wrong.put("{\"logits\":[1],\"top_p\":1.5}", "topP: expected 0 to 1, found 1.5");
        wrong.put("{\"logits\":[1],\"top_k\":1.5}", "top_k: expected a whole number, found 1.5");
        wrong.put("{\"logits\":[1],\"order\":\"best\"}",
                "expected rwkv_pip, temperature_first or llama_cpp, found best");
        wrong.put("{\"logits\":[1],\"order\":\"rwkv_pip\",\"min_p\":0.1}", "minP: expected none beside the order RWKV");
        wrong.put("{\"logits\":[1],\"tau\":3,\"top_k\":4}", "topK: expected none beside mirostat");
        wrong.put("{\"logits\":[1],\"mu\":3}", "eta, mu: expected tau beside them");
        wrong.put("{\"logits\":[1],\"ban\":[1]}", "bannedTokens: expected tokens from 0 to 0, found 1");
        wrong.put("{\"logits\":[1],\"ban\":[0]}", "all 1 candidates are banned");
        wrong.put("{\"logits\":[1],\"logit_bias\":{\"x\":1}}", "logit_bias: expected ids of tokens, found x");
        wrong.put("{\"logits\":[1e39]}", "logits[0]: expected a float32, found 1.0E39");
        wrong.put("{\"logits\":[1,\"2\"]}", "logits[1]: expected a number, found \"2\"");
        wrong.put("{\"logits\":[]}", "expected at least one logit, found none");
        wrong.put("{\"logits\":[NaN]}", "logit of token 0 is NaN");
        wrong.put("{\"f32le_base64\":\"AAA=\"}", "f32le_base64: expected a multiple of 4 bytes, found 2");
        wrong.put("{\"f32le_base64\":\"????\"}", "f32le_base64: Illegal base64");
        wrong.put("{\"top_k\":1}", "expected either logits or f32le_base64");
        wrong.put("{\"logits\":[1],\"logits\":[2]}", "Duplicate");
        wrong.put("{\"logits\":[1]} 2", "expected one JSON object");
        wrong.put("[1]", "expected one JSON object");
        wrong.put("", "expected one JSON object");
        for (Map.Entry<String, String> each : wrong.entrySet()) {
            Path in = Files.writeString(folder.resolve("in.jsonl"), "{\"logits\":[1,2]}\n" + each.getKey() + "\n");
            MainTest.Result result = sample(in, folder.resolve("out.jsonl"));
            assertEquals(1, result.exitCode(), each.getKey());
            assertEquals(1, result.err().lines().count(), result.err());
            assertTrue(result.err().startsWith("rwkv: " + in + ", line 2: "), result.err());
            assertTrue(result.err().contains(each.getValue()), result.err());
            assertFalse(Files.exists(folder.resolve("out.jsonl")));
        }
    }

    @Test
    void generateShouldTakeAllOptionsOfSampling() {
        List<String> all = List.of("--order", "llama_cpp", "--temperature", "0.9", "--top-p", "0.9", "--top-k", "50",
                "--min-p", "0.01", "--typical-p", "0.95", "--presence-penalty", "0.4", "--frequency-penalty", "0.2",
                "--penalty-decay", "0.99", "--exempt-digits-and-blanks", "--repetition-penalty", "1.1",
                "--repetition-window", "20", "--logit-bias", "5=1.5,6=-2", "--ban", "7,8", "--ban", "9", "--seed", "3");
        MainTest.Result result = generate(all);
        assertEquals(0, result.exitCode(), result.err());
        assertEquals(result.out(), generate(all).out());
        for (String preset : List.of("chat", "thinking", "skipped-thinking", "tools", "creative", "conservative")) {
            assertEquals(0, generate(List.of("--preset", preset, "--seed", "1")).exitCode(), preset);
        }
        assertEquals(0, generate(List.of("--mirostat-tau", "4", "--mirostat-eta", "0.2", "--seed", "1")).exitCode());
    }

    @Test
    void optionsShouldHaveAnEffect() {
        List<String> greedy = List.of("--temperature", "0");
        String plain = generate(greedy).out();
        for (List<String> more : List.of(List.of("--presence-penalty", "3"), List.of("--frequency-penalty", "3"),
                List.of("--repetition-penalty", "5"), List.of("--logit-bias", "300=100"))) {
            assertFalse(plain.equals(generate(Stream.of(greedy, more).flatMap(List::stream).toList()).out()),
                    more.toString());
        }
    }

    @Test
    void contradictionsShouldBeWrongUsage() {
        for (List<String> wrong : List.of(List.of("--mirostat-tau", "4", "--top-p", "0.9"),
                List.of("--mirostat-eta", "0.1"), List.of("--preset", "chat", "--min-p", "0.1"),
                List.of("--preset", "poetry"), List.of("--order", "best"), List.of("--repetition-window", "9"),
                List.of("--logit-bias", "5"), List.of("--ban", "x"), List.of("--ban", "99999"))) {
            MainTest.Result result = generate(wrong);
            assertEquals(2, result.exitCode(), wrong + ": " + result.err());
            assertEquals(1, result.err().lines().count(), result.err());
        }
    }

    private static MainTest.Result generate(List<String> options) {
        List<String> command = new ArrayList<>(List.of("generate", "--max-tokens", "12"));
        command.addAll(options);
        command.add("A dog is");
        return MainTest.run(command.toArray(String[]::new));
    }
}
