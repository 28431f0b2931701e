package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.cli.MainTest.Result;
import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.chat.ChatSession;
import io.rwkv.text.chat.PromptTemplate;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** {@code rwkv chat} in a pipe, with the demo model. */
class ChatCommandTest {
    private static final String NEW_LINE = System.lineSeparator();
    private static final List<String> GREEDY = List.of("--temperature", "0", "--max-tokens", "12");

    @TempDir
    Path folder;

    private static Result chat(String input, List<String> options) {
        InputStream in = System.in;
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            return MainTest.run(Stream.concat(Stream.of("chat"), options.stream()).toArray(String[]::new));
        } finally {
            System.setIn(in);
        }
    }

    private static Result chat(String input, String... options) {
        return chat(input, Stream.concat(GREEDY.stream(), Stream.of(options)).toList());
    }

    /** What the library answers, with the same options. */
    private static List<String> answers(PromptTemplate template, String... messages) throws IOException {
        try (TextModel rwkv = TextModel.open(DemoModel.checkpoint())) {
            ChatSession session = rwkv.chat(template).open();
            return Stream.of(messages).map(message -> {
                var request = session.message(message);
                return request.options(request.options().toBuilder().temperature(0).maxTokens(12).build()).run().text();
            }).toList();
        }
    }

    @Test
    void eachLineShouldBeAMessageAndEachAnswerALine() throws IOException {
        Result result = chat("a dog\n\nthe second line \\\ngoes on here\n//help\nthe last, without a line's end");
        assertEquals(0, result.exitCode(), result.err());
        List<String> expected = answers(PromptTemplate.WORLD, "a dog", "the second line \ngoes on here", "/help",
                "the last, without a line's end");
        assertEquals(String.join(NEW_LINE, expected) + NEW_LINE, result.out());
        assertTrue(expected.stream().allMatch(answer -> answer.length() > 5), expected::toString);
        assertTrue(result.err().startsWith("[no --model: this is the demo model"), result.err());
    }

    @Test
    void aGivenModelShouldNeedAKnownFamilyOrATemplate() throws IOException {
        String model = DemoModel.checkpoint().toString();
        Result unknown = chat("a dog\n", "--model", model);
        assertEquals(2, unknown.exitCode(), unknown.err());
        assertTrue(unknown.err().startsWith("rwkv: --template: expected g1, world or raven"), unknown.err());
        Result given = chat("a dog\n", "--model", model, "--template", "world");
        assertEquals(chat("a dog\n").out(), given.out());
        assertFalse(given.err().contains("demo"), given.err());
        assertNotEquals(given.out(), chat("a dog\n", "--model", model, "--template", "raven").out());
    }

    @Test
    void theSystemsTextShouldBeSetShownAndChanged() {
        String described = chat("a dog\n", "--system", "Animals are described.").out();
        assertNotEquals(chat("a dog\n").out(), described);
        assertEquals("Animals are described." + NEW_LINE + described,
                chat("/system\na dog\n", "--system", "Animals are described.").out());
        assertEquals(described, chat("/system Animals are described.\na dog\n").out());
        assertEquals("(none)" + NEW_LINE + chat("a dog\n").out(),
                chat("/system -\n/system\na dog\n", "--system", "Animals are described.").out());
    }

    @Test
    void turnsShouldBeTakenBack() {
        String first = chat("a dog\n").out();
        String both = chat("a dog\na cat\n").out();
        String again = chat("a dog\nsomething else\n/undo\na cat\n").out();
        assertEquals(both.substring(first.length()), again.substring(again.length() - both.length() + first.length()));
        assertEquals(first + first, chat("a dog\n/reset\na dog\n").out());
        assertTrue(chat("a dog\na cat\n/undo 2\n/tokens\n").out().endsWith("0 tokens in 0 turns"
                + NEW_LINE));
        Result tooFar = chat("a dog\n/undo 2\n");
        assertEquals(2, tooFar.exitCode());
        assertTrue(tooFar.err().contains("rwkv: line 2: /undo: expected 1 to 1 turns"), tooFar.err());
    }

    @Test
    void anotherAnswerShouldTakeThePlaceOfTheLast() {
        List<String> seed = List.of("--seed", "3", "--temperature", "1.5", "--top-p", "1", "--max-tokens", "12");
        List<String> lines = chat("a dog\n/regen\n/regen\n/tokens\n", seed).out().lines().toList();
        assertEquals(4, lines.size());
        assertEquals(3, lines.stream().limit(3).distinct().count(), lines::toString); // although there is a seed
        assertTrue(lines.get(3).endsWith(" tokens in 1 turn"), lines.get(3));
        assertEquals(lines, chat("a dog\n/regen\n/regen\n/tokens\n", seed).out().lines().toList());
        Result none = chat("/regen\n");
        assertEquals(1, none.exitCode());
        assertTrue(none.err().contains("line 1: /regen: expected a message"), none.err());
    }

    @Test
    void aSavedChatShouldGoOn() throws IOException {
        Path file = folder.resolve("talk");
        String whole = chat("a dog\na cat\n").out();
        Result saved = chat("a dog\n/save " + file + "\n/save\n/save " + file + "\n");
        assertEquals(0, saved.exitCode(), saved.err());
        assertEquals(whole, saved.out() + chat("a cat\n", "--load", file.toString()).out());
        String loaded = chat("something else\n/load " + file + "\na cat\n").out();
        assertTrue(loaded.endsWith(whole), loaded); // the last answer is shown again
        Result other = chat("a dog\n/save " + Files.writeString(folder.resolve("other"), "kept") + "\n");
        assertEquals(1, other.exitCode());
        assertTrue(other.err().contains("not this chat's"), other.err());
        assertEquals("kept", Files.readString(folder.resolve("other")));
        Result damaged = chat("/load " + folder.resolve("other") + "\n");
        assertEquals(1, damaged.exitCode());
        assertTrue(damaged.err().contains("rwkv: line 1: " + folder.resolve("other")), damaged.err());
        for (List<String> beside : List.of(List.of("--system", "x"), List.of("--template", "world"),
                List.of("--think", "none"))) {
            Result refused = chat("a cat\n", Stream.concat(Stream.of("--load", file.toString()), beside.stream())
                    .toArray(String[]::new));
            assertEquals(2, refused.exitCode());
            assertTrue(refused.err().contains(beside.get(0) + ": expected none beside --load"), refused.err());
        }
    }

    @Test
    void theModeOfThinkingShouldBeSetAndShown() {
        Result result = chat("a dog\n/think\n/think none\na dog\n", "--template", "g1", "--think", "short");
        assertEquals(0, result.exitCode(), result.err());
        List<String> lines = result.out().lines().toList();
        assertEquals(chat("a dog\n", "--template", "g1", "--think", "short").out(), lines.get(0) + NEW_LINE);
        assertEquals("thinking: short", lines.get(1));
        assertEquals("thinking: none", lines.get(2));
        assertNotEquals(lines.get(0), lines.get(3));
        Result impossible = chat("a dog\n/think long\n");
        assertEquals(2, impossible.exitCode());
        assertTrue(impossible.err().contains("line 2: thinking: expected NONE"), impossible.err());
        Result unknown = chat("", "--think", "hard");
        assertEquals(2, unknown.exitCode());
        assertTrue(unknown.err().contains("none, unhinted, short, normal, long, skipped"), unknown.err());
    }

    @Test
    void tokensAndSpeedShouldBeShownOnRequest() {
        String quiet = chat("a dog\n").err();
        assertFalse(quiet.contains("tokens/s"), quiet);
        for (Result result : List.of(chat("a dog\n", "--verbose"), chat("/stats on\na dog\n"))) {
            assertTrue(
                    result.err()
                            .matches("(?s).*\\[read \\d+ tokens in .* s, generated \\d+ tokens at .* tokens/s]\\s*"),
                    result.err());
        }
        Result cut = chat("a dog\n", List.of("--max-tokens", "1"));
        assertTrue(cut.err().contains("[cut off after 1 tokens; --max-tokens allows more]"), cut.err());
    }

    @Test
    void whatIsNotUnderstoodShouldEndTheChat() {
        for (String line : List.of("/sing", "/help me", "/load", "/save", "/stats maybe", "/undo x", "/think deeply")) {
            Result result = chat("/stats on\n" + line + "\na dog\n");
            assertEquals(2, result.exitCode(), line + result.err());
            assertEquals("", result.out());
            assertTrue(result.err().lines().reduce((a, b) -> b).orElse("")
                    .startsWith("rwkv: line 2: " + line.split(" ")[0])
                    || line.startsWith("/think"), result.err());
        }
        assertTrue(chat("/sing\n").err().contains("/help lists them"));
        Result exit = chat("/exit\na dog\n");
        assertEquals(0, exit.exitCode());
        assertEquals("", exit.out());
    }

    @Test
    void helpShouldNameEveryCommand() {
        String help = chat("/help\n").out();
        for (String command : List.of("/system", "/think", "/undo", "/regen", "/save", "/load", "/reset", "/tokens",
                "/stats", "/help", "/exit", "Alt-Enter", "Ctrl-C")) {
            assertTrue(help.contains(command), command);
        }
    }

    @Test
    void noOptionShouldBeOverlooked() {
        for (List<String> wrong : List.of(List.of("--show-prompt", "x.json", "--system", "y"),
                List.of("--show-prompt", "x.json", "--model", "m"), List.of("--show-prompt", "x.json", "--seed", "1"),
                List.of("--no-history", "--history", "h"), List.of("--top-p", "2"), List.of("--max-tokens", "-1"))) {
            Result result = chat("", wrong);
            assertEquals(2, result.exitCode(), wrong + result.err());
            assertEquals(1, result.err().lines().count(), result.err());
        }
    }
}
