package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.demo.DemoModel;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

class MainTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    record Result(int exitCode, String out, String err) {}

    static Result run(String... args) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
        try {
            int code = Main.run(args);
            return new Result(code, outBytes.toString(StandardCharsets.UTF_8),
                    errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    @Test
    void generateShouldContinueThePromptAndReportItsSpeed() {
        Result one = run("generate", "--seed", "3", "--max-tokens", "12", "A dog is");
        assertEquals(0, one.exitCode, one.err);
        assertTrue(one.out.startsWith("A dog is "), one.out);
        assertTrue(one.out.strip().length() > 15, one.out);
        assertTrue(one.err.contains("tokens/s"), one.err);
        assertEquals(one.out, run("generate", "--seed", "3", "--max-tokens", "12", "A dog is").out);
        String bare = run("generate", "--seed", "3", "--max-tokens", "12", "--no-echo", "A dog is").out;
        assertEquals(one.out, "A dog is" + bare);
    }

    @Test
    void embedShouldPrintALineOfJsonForEachText() throws IOException {
        Result result = run("embed", "a dog", "\"quoted\"");
        assertEquals(0, result.exitCode, result.err);
        List<String> lines = result.out.lines().toList();
        assertEquals(2, lines.size());
        JsonNode second = JSON.readTree(lines.get(1));
        assertEquals("\"quoted\"", second.get("text").textValue());
        assertEquals(256, second.get("embedding").size());
    }

    @Test
    void embedShouldRefuseVectorsThatAreNoNumbers() throws IOException {
        Path field = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference", "field");
        Assumptions.assumeTrue(Files.isDirectory(field), field + " is missing; skipped");
        for (String name : List.of("F5-nan-ln_out.safetensors", "F5-zero-ln_out.safetensors")) {
            for (String pooling : List.of("last", "mean")) {
                Result result = run("embed", "--model", field.resolve(name).toString(), "--tokenizer",
                        field.resolve("bytes.json").toString(), "--pooling", pooling, "a text");
                assertEquals(1, result.exitCode, result.err);
                assertEquals("", result.out);
                assertTrue(result.err.startsWith("rwkv: text: vector after token "), result.err);
            }
        }
        Result generated = run("generate", "--model", field.resolve("F5-nan-ln_out.safetensors").toString(),
                "--tokenizer", field.resolve("bytes.json").toString(), "a text");
        assertEquals(1, generated.exitCode, generated.err);
        assertEquals("a text" + System.lineSeparator(), generated.out); // lest the message stand behind it in a terminal
        assertTrue(generated.err.startsWith("rwkv: logit of token 0 is NaN"), generated.err);
    }

    @Test
    void logitsOfBothFormsShouldAgree() throws IOException {
        Path parallel = folder.resolve("p.safetensors");
        Path recurrent = folder.resolve("r.safetensors");
        assertEquals(0, run("logits", "--tokens", "1,2,3,500", "--out", parallel.toString()).exitCode);
        assertEquals(0,
                run("logits", "--tokens", "1,2,3,500", "--form", "recurrent", "--out", recurrent.toString()).exitCode);
        TensorFile p = SafetensorsReader.open(parallel);
        TensorFile r = SafetensorsReader.open(recurrent);
        assertArrayEquals(new float[]{1, 2, 3, 500}, p.tensor("tokens").toFloats());
        assertArrayEquals(new long[]{4, 4096}, p.tensor("logits").shape());
        assertArrayEquals(r.tensor("logits").toFloats(), p.tensor("logits").toFloats(), 1e-3f);
        assertEquals(r.names(), p.names());
        assertTrue(p.names().containsAll(Set.of("state.0.att_xx", "state.5.att_pp", "state.5.ffn_xx")));
        assertArrayEquals(r.tensor("state.5.att_aa").toFloats(), p.tensor("state.5.att_aa").toFloats(), 1e-3f);
    }

    @Test
    void tokenizeShouldEncodeEachLine() throws IOException {
        Path in = Files.writeString(folder.resolve("in.jsonl"), "{\"text\":\"a small dog\"}\n{\"hex\":\"c3a9\"}\n");
        Path out = folder.resolve("out.jsonl");
        Result result = run("tokenize", "--tokenizer", DemoModel.tokenizer().toString(), "--in", in.toString(),
                "--out", out.toString());
        assertEquals(0, result.exitCode, result.err);
        Tokenizer tokenizer = Tokenizer.load(DemoModel.tokenizer());
        List<String> lines = Files.readAllLines(out);
        assertEquals(2, lines.size());
        assertArrayEquals(tokenizer.encode("a small dog"),
                JSON.convertValue(JSON.readTree(lines.get(0)).get("ids"), int[].class));
        assertArrayEquals(tokenizer.encode("é"),
                JSON.convertValue(JSON.readTree(lines.get(1)).get("ids"), int[].class));
    }

    @Test
    void tokenizeShouldLeaveNothingBehindIfALineIsMalformed() throws IOException {
        Path in = Files.writeString(folder.resolve("in.jsonl"), "{\"text\":\"a\"}\n{\"txt\":\"b\"}\n");
        Path out = folder.resolve("out.jsonl");
        Result result = run("tokenize", "--tokenizer", DemoModel.tokenizer().toString(), "--in", in.toString(),
                "--out", out.toString());
        assertEquals(1, result.exitCode);
        assertTrue(result.err.contains("line 2"), result.err);
        try (var files = Files.list(folder)) {
            assertEquals(List.of(in), files.toList());
        }
    }

    private Result convert(Path out, String... more) throws IOException {
        return run(
                Stream.concat(Stream.of("convert", DemoModel.checkpoint().toString(), out.toString(), "--type", "Q8_0"),
                        Stream.of(more)).toArray(String[]::new));
    }

    @Test
    void convertShouldWriteAFileThatNeedsNoTokenizerBesideIt() throws IOException {
        Path out = folder.resolve("demo.gguf");
        Result result = convert(out, "--tokenizer", DemoModel.tokenizer().toString());
        assertEquals(0, result.exitCode, result.err);
        assertEquals("", result.out);
        assertTrue(result.err.contains("Q8_0, " + String.format(Locale.ROOT, "%,d bytes", Files.size(out))),
                result.err);
        String info = run("info", out.toString()).out;
        assertTrue(info.contains("GGUF v3, rwkv4") && info.contains("Q8_0"), info);
        Result text = run("generate", "--model", out.toString(), "--temperature", "0", "--max-tokens", "12",
                "A dog is");
        assertEquals(0, text.exitCode, text.err);
        assertEquals(run("generate", "--temperature", "0", "--max-tokens", "12", "A dog is").out, text.out);
        try (var files = Files.list(folder)) {
            assertEquals(List.of(out), files.toList());
        }
    }

    @Test
    void convertShouldReplaceAFileOnlyIfForced() throws IOException {
        Path out = Files.writeString(folder.resolve("demo.gguf"), "before");
        Result refused = convert(out);
        assertEquals(1, refused.exitCode);
        assertTrue(refused.err.contains("--force") && refused.err.lines().count() == 1, refused.err);
        assertEquals("before", Files.readString(out));
        Result forced = convert(out, "--force");
        assertEquals(0, forced.exitCode, forced.err);
        assertTrue(forced.err.contains("with " + DemoModel.tokenizer()), forced.err);
        assertTrue(Files.size(out) > 1_000_000);
    }

    @Test
    void convertShouldRefuseBeforeItBeginsWhereNoFileCanBe() throws IOException {
        for (Map.Entry<String, Path> wrong : Map.of("no such folder: ", folder.resolve("nodir").resolve("t.gguf"),
                "expected a file to write, found a folder", folder, " found a folder", folder.getRoot()).entrySet()) {
            Result result = convert(wrong.getValue(), "--force");
            assertEquals(1, result.exitCode, result.err);
            assertEquals(1, result.err.lines().count(), result.err);
            assertTrue(result.err.contains(wrong.getKey()) && !result.err.contains(".tmp"), result.err);
        }
    }

    @Test
    void convertShouldFollowALink() throws IOException {
        Path target = Files.writeString(folder.resolve("target.gguf"), "before");
        Path link = folder.resolve("link.gguf");
        try {
            Files.createSymbolicLink(link, target);
        } catch (UnsupportedOperationException | IOException e) {
            Assumptions.abort("no links here: " + e);
        }
        assertEquals(1, convert(link).exitCode);
        assertEquals(0, convert(link, "--force").exitCode);
        assertTrue(Files.isSymbolicLink(link));
        assertTrue(Files.size(target) > 1_000_000);
        Files.delete(target);
        assertEquals(0, convert(link).exitCode);
        assertTrue(Files.isSymbolicLink(link) && Files.size(target) > 1_000_000);
        Files.delete(target);
        Files.createSymbolicLink(target, link.getFileName());
        Result loop = convert(link);
        assertEquals(1, loop.exitCode);
        assertEquals(1, loop.err.lines().count(), loop.err);
    }

    @Test
    void convertShouldSayWhichTokenizerItPutIn() throws IOException {
        Path alone = Files.copy(DemoModel.checkpoint(), folder.resolve("alone.pth"));
        Path bare = folder.resolve("bare.gguf");
        Result none = run("convert", alone.toString(), bare.toString(), "--type", "f16");
        assertEquals(0, none.exitCode, none.err);
        assertTrue(none.err.contains("with no tokenizer, for none was found; --tokenizer names one"), none.err);
        Path lookedFor = alone.toAbsolutePath().resolveSibling("tokenizer.json");
        assertTrue(none.err.contains("looked for " + lookedFor), none.err);
        String info = run("info", alone.toString()).out;
        assertTrue(info.contains("looked for " + lookedFor), info);
        assertEquals(1, run("generate", "--model", bare.toString(), "x").exitCode);
        Path named = folder.resolve("named.gguf");
        assertEquals(0, run("convert", bare.toString(), named.toString(), "--type", "F16", "--tokenizer",
                DemoModel.tokenizer().toString()).exitCode);
        Result again = run("convert", named.toString(), folder.resolve("again.gguf").toString(), "--type", "Q4_0");
        assertTrue(again.err.contains("with the tokenizer of " + named), again.err);
    }

    @Test
    void infoShouldSayWhatACheckpointHolds() throws IOException {
        String out = run("info", DemoModel.checkpoint().toString()).out;
        for (String expected : List.of("RWKV-4", "7,226,880", "BF16", "PyTorch zip", "4096",
                "tokenizer.json", "256 tokens at most, temperature 1.0, top-p 0.5")) {
            assertTrue(out.contains(expected), out);
        }
    }

    @Test
    void infoShouldTellWhatElseTheFileHolds() {
        Path field = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference", "field");
        Assumptions.assumeTrue(Files.isDirectory(field), field + " is missing; skipped");
        String plain = run("info", field.resolve("base-rwkv7.safetensors").toString()).out;
        assertFalse(plain.contains("time_state") || plain.contains("not read"), plain);
        String tuned = run("info", field.resolve("F4-time-state-inside.safetensors").toString()).out;
        assertTrue(tuned.contains("a new one begins as the file's time_state says"), tuned);
        String unread = run("info", field.resolve("F9-unused-u16.safetensors").toString()).out;
        assertTrue(unread.contains("not read       {unused=U16}"), unread);
    }

    @Test
    void errorsShouldBeOneLineAndANonZeroCode() throws IOException {
        Path text = Files.writeString(folder.resolve("x.pth"), "not a checkpoint");
        for (Map.Entry<Integer, Result> expected : List.of(
                Map.entry(1, run("info", folder.resolve("none.pth").toString())),
                Map.entry(1, run("info", text.toString())),
                Map.entry(1, run("generate", "--model", text.toString(), "x")),
                Map.entry(2, run("logits", "--tokens", "1,99999", "--out", folder.resolve("o").toString())),
                Map.entry(2, run("embed", "")))) {
            Result result = expected.getValue();
            assertEquals(expected.getKey(), result.exitCode, result.err);
            assertEquals(1, result.err.lines().count(), result.err);
            assertTrue(result.err.startsWith("rwkv: "), result.err);
        }
        assertFalse(Files.exists(folder.resolve("o")));
        assertTrue(run("info", "--debug", text.toString()).err.contains("\tat io.rwkv"));
    }

    @Test
    void helpShouldBeAllThatIsPrinted() {
        for (String command : List.of("generate", "embed", "logits", "tokenize", "info", "convert", "bench", "chat")) {
            Result result = run(command, "--help");
            assertEquals(0, result.exitCode, command);
            assertEquals("", result.err, command); // Picocli warns there of a text that it cannot format
            assertFalse(result.out.contains("%%"), result.out);
        }
    }

    @Test
    void aFolderInPlaceOfAFileShouldBeNamed() throws IOException {
        Path text = Files.writeString(folder.resolve("x.jsonl"), "{\"text\":\"a\"}\n");
        String tokenizer = DemoModel.checkpoint().resolveSibling("tokenizer.json").toString();
        String out = folder.resolve("o").toString();
        for (Result result : List.of(run("generate", "--tokenizer", folder.toString(), "x"),
                run("tokenize", "--tokenizer", folder.toString(), "--in", text.toString(), "--out", out),
                run("tokenize", "--tokenizer", tokenizer, "--in", folder.toString(), "--out", out),
                run("info", folder.toString()), run("convert", folder.toString(), out, "--type", "F16"))) {
            assertEquals(1, result.exitCode, result.err);
            assertTrue(result.err.startsWith("rwkv: " + folder + ": expected a"), result.err);
            assertTrue(result.err.contains("found a folder"), result.err);
        }
    }

    @Test
    void aModelWithoutTokenizerShouldBeSaidToHaveNone() throws IOException {
        Path model = Files.copy(DemoModel.checkpoint(), folder.resolve("m.pth"));
        Result result = run("generate", "--model", model.toString(), "x");
        assertEquals(1, result.exitCode);
        assertTrue(result.err.startsWith("rwkv: " + model + ": no tokenizer found"), result.err);
        Result info = run("info", model.toString());
        assertEquals(0, info.exitCode, info.err);
        assertTrue(info.out.contains("none found; commands that need one take --tokenizer"), info.out);
    }

    @Test
    void standardInputThatIsNotUtf8ShouldBeRefused() {
        InputStream in = System.in;
        byte[] latin1 = "a caf\u00e9 is\n".getBytes(StandardCharsets.ISO_8859_1);
        try {
            for (String[] command : new String[][]{{"generate", "--max-tokens", "1", "-"}, {"embed"}}) {
                System.setIn(new ByteArrayInputStream(latin1));
                Result result = run(command);
                assertEquals(1, result.exitCode, result.out);
                assertEquals("rwkv: standard input: expected UTF-8, found other bytes", result.err.strip());
                assertEquals("", result.out);
                System.setIn(new ByteArrayInputStream("a caf\u00e9 is\n".getBytes(StandardCharsets.UTF_8)));
                Result good = run(command);
                assertEquals(0, good.exitCode, good.err);
                assertTrue(good.out.contains("a caf\u00e9 is"), good.out);
            }
        } finally {
            System.setIn(in);
        }
    }

    @Test
    void wrongUsageShouldBeCodeTwo() {
        for (Result result : List.of(run("generate"), run("generate", "--max-tokens", "many", "x"), run("sing"),
                run("convert", "a", "b"), run("convert", "a", "b", "--type", "I8"),
                run("convert", "a", "--type", "F16"))) {
            assertEquals(2, result.exitCode, result.err);
            assertEquals(1, result.err.lines().count(), result.err);
        }
    }

    @Test
    void valuesThatNothingCanBeDoneWithShouldBeWrongUsage() {
        for (List<String> wrong : List.of(List.of("--top-p", "2"), List.of("--engine", "abacus"),
                List.of("--precision", "Q9"), List.of("--engine", "nd4j", "--precision", "Q8_0"),
                List.of("--threads", "-1"), List.of("--threads", "1025"), List.of("--stop", ""))) {
            Result result = run(Stream.of(List.of("generate"), wrong, List.of("x")).flatMap(List::stream)
                    .toArray(String[]::new));
            assertEquals(2, result.exitCode, wrong + ": " + result.err);
            assertTrue(result.err.startsWith("rwkv: "), result.err);
        }
    }
}
