package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.cli.MainTest.Result;
import io.rwkv.demo.DemoModel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Every command that can take long, on a terminal whose user has no patience, and in a pipe. */
class TerminalTest {
    @TempDir
    Path folder;

    @AfterEach
    void forget() {
        System.clearProperty("rwkv.terminal");
        System.clearProperty("rwkv.terminal.input");
        System.clearProperty("rwkv.progress.after");
    }

    private static void onATerminal() {
        System.setProperty("rwkv.terminal", "true");
        System.setProperty("rwkv.progress.after", "0");
    }

    private Map<String, List<String>> commands() throws IOException {
        String texts = Files.write(folder.resolve("t.txt"), Collections.nCopies(20, "a text of some words")).toString();
        String lines = Files.write(folder.resolve("t.jsonl"), Collections.nCopies(500, "{\"text\":\"a text\"}"))
                .toString();
        String longPrompt = "A dog is a small animal. ".repeat(100);
        Map<String, List<String>> commands = new TreeMap<>();
        commands.put("generating", List.of("generate", "--max-tokens", "3", "--file", texts));
        commands.put("reading", List.of("generate", "--max-tokens", "1", longPrompt));
        commands.put("reading ", List.of("generate", "--choices", "a,b", longPrompt));
        commands.put("reading  ", List.of("generate", "--choices", "a,b", "--file", texts));
        commands.put("reading   ", List.of("logits", "--tokens", "1,2,3", "--out", folder.resolve("l").toString()));
        commands.put("embedding", List.of("embed", "--file", texts));
        commands.put("embedding ", List.of("embed", longPrompt));
        commands.put("encoding",
                List.of("tokenize", "--tokenizer", DemoModel.tokenizer().toString(), "--in", lines, "--out",
                        folder.resolve("o").toString()));
        commands.put("converting", List.of("convert", DemoModel.checkpoint().toString(), folder.resolve("g").toString(),
                "--type", "F32", "--force"));
        commands.put("loading", List.of("generate", "--max-tokens", "0", "x"));
        return commands;
    }

    @Test
    void aTerminalShouldSeeHowFarItIsAndAPipeNothing() throws IOException {
        for (Map.Entry<String, List<String>> command : commands().entrySet()) {
            String[] arguments = command.getValue().toArray(String[]::new);
            Result piped = MainTest.run(arguments);
            assertEquals(0, piped.exitCode(), piped.err());
            assertFalse(piped.err().contains("\r"), piped.err());
            onATerminal();
            Result shown = MainTest.run(arguments);
            forget();
            assertTrue(shown.err().contains("\r" + command.getKey().strip() + " ["), command + ": " + shown.err());
            assertFalse(shown.out().contains("\r"), shown.out());
        }
    }

    @Test
    void aLongPromptShouldBePrintedOnce() {
        String prompt = "A dog is a small animal. ".repeat(100);
        String piped = MainTest.run("generate", "--seed", "1", "--max-tokens", "5", prompt).out();
        assertTrue(piped.startsWith(prompt), piped);
        assertEquals(0, piped.lastIndexOf(prompt), piped);
        onATerminal();
        assertEquals(piped, MainTest.run("generate", "--seed", "1", "--max-tokens", "5", prompt).out());
        assertEquals(prompt + System.lineSeparator(), MainTest.run("generate", "--max-tokens", "0", prompt).out());
    }

    /** Where somebody types the lines, nothing is to appear between them. */
    @Test
    void typedLinesShouldBeLeftAlone() {
        InputStream in = System.in;
        onATerminal();
        try {
            for (boolean typed : new boolean[]{false, true}) {
                System.setProperty("rwkv.terminal.input", String.valueOf(typed));
                System.setIn(new ByteArrayInputStream("a dog\na cat\n".getBytes(StandardCharsets.UTF_8)));
                Result result = MainTest.run("embed");
                assertEquals(!typed, result.err().contains("\rembedding"), result.err());
                assertEquals(2, result.out().lines().count());
            }
        } finally {
            System.setIn(in);
        }
    }
}
