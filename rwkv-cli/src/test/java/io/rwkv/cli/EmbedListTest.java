package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.cli.MainTest.Result;
import io.rwkv.demo.DemoModel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

class EmbedListTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private static Result embed(String... more) {
        return MainTest.run(Stream.concat(Stream.of("embed"), Stream.of(more)).toArray(String[]::new));
    }

    private static List<JsonNode> lines(Result result) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : result.out().lines().toList()) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    private static float[] vector(JsonNode line) {
        return JSON.convertValue(line.get("embedding"), float[].class);
    }

    /** Several portions, one of them a single long text. */
    @Test
    void eachLineShouldGetItsVectorInOrder() throws IOException {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            texts.add(i == 20 ? "a very long text ".repeat(700) : "text number " + i + " of many".repeat(i % 40));
        }
        Path file = Files.write(folder.resolve("t.txt"), texts);
        for (String pooling : List.of("mean", "last")) {
            List<JsonNode> alone = lines(embed(Stream
                    .concat(Stream.of("--pooling", pooling),
                            texts.stream().filter(text -> texts.indexOf(text) % 5 == 0))
                    .toArray(String[]::new)));
            Result result = embed("--pooling", pooling, "--file", file.toString());
            assertEquals(0, result.exitCode(), result.err());
            List<JsonNode> lines = lines(result);
            assertEquals(60, lines.size());
            for (int i = 0; i < 60; i++) {
                assertEquals(i, lines.get(i).get("index").intValue());
                assertEquals(2, lines.get(i).size());
                if (i % 5 == 0) {
                    assertArrayEquals(vector(alone.get(i / 5)), vector(lines.get(i)), 1e-4f, texts.get(i));
                }
            }
        }
    }

    @Test
    void aTextThatFailsShouldNotLoseTheOthers() throws IOException {
        Path file = Files.writeString(folder.resolve("t.jsonl"),
                "{\"text\":\"a dog\"}\n{\"text\":\"a @ b\"}\n\n{\"text\":\"\"}\n{\"text\":\"a cat\"}\n");
        Result result = embed("--model", BrokenCopy.write(folder).toString(), "--tokenizer",
                DemoModel.tokenizer().toString(), "--file", file.toString());
        assertEquals(1, result.exitCode());
        List<JsonNode> lines = lines(result);
        assertEquals(List.of(0, 1, 3, 4), lines.stream().map(line -> line.get("index").intValue()).toList());
        assertTrue(lines.get(1).get("error").textValue().contains("vector after token"), result.out());
        assertTrue(lines.get(2).get("error").textValue().contains("expected at least one token"), result.out());
        assertArrayEquals(vector(lines(embed("a cat")).get(0)), vector(lines.get(3)), 1e-4f);
        assertTrue(result.err().contains("rwkv: 2 of 4 texts failed; the first: " + file + ", line 2: "), result.err());
    }

    @Test
    void textsFromTwoPlacesShouldBeRefused() {
        Result result = embed("--file", "x", "a text");
        assertEquals(2, result.exitCode());
        assertEquals("rwkv: --file: expected no TEXT beside it, found 1", result.err().strip());
        Result missing = embed("--file", folder.resolve("none").toString());
        assertEquals(1, missing.exitCode());
        assertTrue(missing.err().startsWith("rwkv: no such file: "), missing.err());
    }
}
