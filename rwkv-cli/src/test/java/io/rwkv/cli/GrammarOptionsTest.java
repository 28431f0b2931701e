package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class GrammarOptionsTest {
    private static final String SCHEMA = """
            {"type": "object", "required": ["n", "kind"],
             "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 99}, "kind": {"enum": ["é", "b"]}}}""";

    @TempDir
    Path folder;

    private String file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    @Test
    void shouldWriteWhatTheGrammarAllows() throws IOException {
        String grammar = file("g.gbnf", "root ::= \" \" (\"yes\" | \"no\"){2} \"!\"\n");
        MainTest.Result result = MainTest.run("generate", "--grammar", grammar, "--temperature", "1.5", "--no-echo",
                "A dog is");
        assertEquals(0, result.exitCode(), result.err());
        assertTrue(result.out().matches(" (yes|no){2}!\\R"), result.out());
    }

    @Test
    void shouldWriteJsonByTheSchema() throws IOException {
        String schema = file("s.json", SCHEMA);
        MainTest.Result result = MainTest.run("generate", "--json-schema", schema, "--temperature", "1.5", "--no-echo",
                "A dog is");
        assertEquals(0, result.exitCode(), result.err());
        JsonNode json = new ObjectMapper().readTree(result.out());
        assertTrue(json.get("n").asInt() >= 1 && json.get("n").asInt() <= 99, result.out());
        assertTrue(json.get("kind").asText().matches("é|b"), result.out());
    }

    @Test
    void shouldSayThatTheTextIsCutOff() throws IOException {
        MainTest.Result result = MainTest.run("generate", "--json-schema", file("s.json", SCHEMA), "--max-tokens", "3",
                "A dog is");
        assertEquals(1, result.exitCode());
        assertTrue(result.err().contains("rwkv: the text ended before it was complete: MAX_TOKENS"), result.err());
    }

    @Test
    void shouldConstrainEachTextOfAFile() throws IOException {
        String prompts = file("p.txt", "A dog is\nA cat is\n");
        MainTest.Result result = MainTest.run("generate", "--json-schema", file("s.json", SCHEMA), "--file", prompts,
                "--no-echo");
        assertEquals(0, result.exitCode(), result.err());
        for (String line : result.out().lines().toList()) {
            JsonNode json = new ObjectMapper().readTree(line);
            assertEquals("COMPLETE", json.get("reason").asText(), line);
            assertTrue(new ObjectMapper().readTree(json.get("text").asText()).has("kind"), line);
        }
    }

    @Test
    void shouldSayInOneLineWhatIsWrong() throws IOException {
        String grammar = file("g.gbnf", "root ::= \"a\" (\n");
        String schema = file("s.json", "{\"properties\": {\"x\": {\"format\": \"date\"}}}");
        wrong("--grammar: " + grammar + ": line 2, column 1: ", "--grammar", grammar);
        wrong("--json-schema: " + schema + ": #/properties/x/format: this keyword is not supported", "--json-schema",
                schema);
        wrong("--grammar: expected no --json-schema beside it, found one", "--grammar", grammar, "--json-schema",
                schema);
        Files.write(folder.resolve("latin"), new byte[]{(byte) 0xE9});
        wrong("--grammar: expected a text in UTF-8", "--grammar", folder.resolve("latin").toString());
        MainTest.Result missing = MainTest.run("generate", "--grammar", folder.resolve("none").toString(), "x");
        assertEquals(1, missing.exitCode());
        assertTrue(missing.err().startsWith("rwkv: no such file: "), missing.err());
    }

    private static void wrong(String message, String... options) {
        String[] args = new String[options.length + 2];
        args[0] = "generate";
        System.arraycopy(options, 0, args, 1, options.length);
        args[args.length - 1] = "x";
        MainTest.Result result = MainTest.run(args);
        assertEquals(2, result.exitCode(), result.err());
        assertTrue(result.err().startsWith("rwkv: " + message), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        assertEquals("", result.out());
    }
}
