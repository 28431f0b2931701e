package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.rwkv.cli.MainTest.Result;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

class ShowPromptTest {
    private static final String HELLO = "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

    @TempDir
    Path folder;

    private Result show(String json, String... more) throws IOException {
        Path file = Files.writeString(folder.resolve("chat.json"), json);
        String[] all = new String[more.length + 3];
        all[0] = "chat";
        all[1] = "--show-prompt";
        all[2] = file.toString();
        System.arraycopy(more, 0, all, 3, more.length);
        return MainTest.run(all);
    }

    @Test
    void promptsShouldBeThoseOfTheReference() throws IOException {
        Path golden = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference", "prompts", "g1.json");
        Assumptions.assumeTrue(Files.isRegularFile(golden), golden + " is missing; skipped");
        int cases = 0;
        for (JsonNode each : new ObjectMapper().readTree(Files.readString(golden)).get("cases")) {
            Result result = show(each.toString());
            assertEquals(0, result.exitCode(), result.err());
            assertEquals(each.get("prompt").textValue(), result.out(), each.get("name").textValue());
            assertEquals("", result.err());
            cases++;
        }
        assertEquals(32, cases);
    }

    @Test
    void theTemplateShouldBeTheOneAskedFor() throws IOException {
        assertEquals("User: hello\n\nAssistant:", show(HELLO).out());
        assertEquals("User: hello\n\nAssistant:", show(HELLO, "--template", "world").out());
        String raven = show(HELLO, "--template", "Raven").out();
        assertTrue(raven.startsWith("Below is an instruction") && raven.contains("\n\n# Instruction:\nhello\n\n"),
                raven);
        Result unknown = show(HELLO, "--template", "chatml");
        assertEquals(2, unknown.exitCode());
        assertTrue(unknown.err().contains("expected g1, world or raven, found chatml"), unknown.err());
        Result noThinking = show(HELLO.replace("]}", "],\"think\":\"think\"}"), "--template", "world");
        assertEquals(2, noThinking.exitCode());
        assertTrue(noThinking.err().contains("World"), noThinking.err());
    }

    @Test
    void theFileShouldBeReadFromStandardInput() throws IOException {
        InputStream in = System.in;
        try {
            System.setIn(new ByteArrayInputStream(HELLO.replace("hello", "你好 🙂").getBytes(StandardCharsets.UTF_8)));
            assertEquals("User: 你好 🙂\n\nAssistant:", MainTest.run("chat", "--show-prompt", "-").out());
            System.setIn(new ByteArrayInputStream("[]".getBytes(StandardCharsets.UTF_8)));
            Result wrong = MainTest.run("chat", "--show-prompt", "-");
            assertTrue(wrong.err().startsWith("rwkv: standard input: $: expected an object"), wrong.err());
        } finally {
            System.setIn(in);
        }
    }

    @Test
    void whatIsNotUnderstoodShouldBeRefusedByName() throws IOException {
        for (Map.Entry<String, String> wrong : Map.of(
                HELLO.replace("]}", "],\"temperature\":1}"), "temperature",
                HELLO.replace("\"user\"", "\"narrator\""), "$.messages[0].role",
                HELLO.replace("]}", "],\"think\":\"deeply\"}"), "$.think",
                HELLO.replace("hello", "half \\ud83d"), "half of a surrogate pair",
                "{\"kind\":\"fim\",\"prefix\":\"a\"}", "$.suffix",
                "{\"messages\":[", "line 1, column").entrySet()) {
            Result result = show(wrong.getKey());
            assertEquals(2, result.exitCode(), result.err());
            assertEquals("", result.out());
            assertEquals(1, result.err().lines().count(), result.err());
            assertTrue(result.err().startsWith("rwkv: " + folder.resolve("chat.json") + ": "), result.err());
            assertTrue(result.err().contains(wrong.getValue()), wrong.getValue() + " in " + result.err());
        }
    }

    @Test
    void filesThatCannotBeReadShouldBeNamed() throws IOException {
        Path latin1 = Files.write(folder.resolve("latin1.json"),
                HELLO.replace("hello", "caf\u00e9").getBytes(StandardCharsets.ISO_8859_1));
        for (Map.Entry<Path, String> wrong : Map.of(latin1, "expected UTF-8, found other bytes", folder,
                "expected a file, found a folder", folder.resolve("none.json"), "no such file").entrySet()) {
            Result result = MainTest.run("chat", "--show-prompt", wrong.getKey().toString());
            assertEquals(1, result.exitCode(), result.err());
            assertTrue(result.err().contains(wrong.getKey().toString()) && result.err().contains(wrong.getValue()),
                    result.err());
        }
    }
}
