package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.chat.ChatSession;
import io.rwkv.text.chat.PromptTemplate;
import io.rwkv.text.chat.Thinking;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.Sampler;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.PrimitiveIterator;
import java.util.stream.IntStream;

/** What a chat shows of replies. */
@Timeout(value = 120, threadMode = ThreadMode.SEPARATE_THREAD)
class ChatLoopTest {
    private static TextModel rwkv;

    @BeforeAll
    static void open() throws IOException {
        rwkv = TextModel.open(DemoModel.checkpoint());
    }

    @AfterAll
    static void close() {
        rwkv.close();
    }

    /** Options with which a model writes this, and then ends. */
    private static GenerationOptions writing(GenerationOptions options, String text) {
        int end = rwkv.tokenizer().endOfText().orElseThrow();
        int[] tokens = rwkv.tokenizer().encodeOrdinary(text);
        return options.toBuilder().sampler(() -> {
            PrimitiveIterator.OfInt next = IntStream.concat(IntStream.of(tokens), IntStream.generate(() -> end))
                    .iterator();
            return (Sampler) logits -> next.nextInt();
        }).build();
    }

    private static String[] inPipe(String written, int maxTokens, String... lines) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Iterator<String> all = List.of(lines).iterator();
        PipeConsole console = new PipeConsole(() -> all.hasNext() ? all.next() : null,
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        ChatSession session = rwkv.chat(PromptTemplate.G1).thinking(Thinking.SHORT).open();
        new ChatLoop(console, options -> writing(options.toBuilder().maxTokens(maxTokens).build(), written),
                rwkv::resume, false).run(session);
        return new String[]{out.toString(StandardCharsets.UTF_8).replace("\r", ""),
                err.toString(StandardCharsets.UTF_8).replace("\r", "")};
    }

    @Test
    void thoughtAndAnswerShouldBeApart() throws IOException {
        String[] shown = inPipe(">Two and\ntwo.</think>\nFour.", 100, "What is 2 + 2?");
        assertEquals("Four.\n", shown[0]);
        assertEquals("Two and\ntwo.\n", shown[1]);
    }

    @Test
    void aReplyWithoutAnAnswerShouldBeSaidToBeOne() throws IOException {
        assertEquals("Two and\n[ended within the thought]\n", inPipe(">Two and", 100, "What is 2 + 2?")[1]);
        String cut = inPipe(">Two and two and two", 4, "What is 2 + 2?")[1];
        assertTrue(cut.endsWith("\n[cut off within the thought after 4 tokens; --max-tokens allows more]\n"), cut);
    }

    @Test
    void anAnswerWantedAnewShouldBeNoEarlierOne() throws IOException {
        Iterator<String> lines = List.of("a", "/regen", "b", "/undo", "/regen").iterator();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        List<Integer> ends = new ArrayList<>(); // of what was shown, before each line
        PipeConsole console = new PipeConsole(() -> {
            ends.add(out.size());
            return lines.hasNext() ? lines.next() : null;
        }, new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(new ByteArrayOutputStream()));
        GenerationOptions seeded = GenerationOptions.builder().maxTokens(12).temperature(1.5).topP(1).seed(5).build();
        new ChatLoop(console, options -> seeded, rwkv::resume, false)
                .run(rwkv.chat(PromptTemplate.WORLD).open());
        List<String> shown = new ArrayList<>();
        for (int i = 1; i < ends.size(); i++) {
            shown.add(out.toString(StandardCharsets.ISO_8859_1).substring(ends.get(i - 1), ends.get(i)));
        }
        assertEquals(5, shown.size());
        assertNotEquals(shown.get(0), shown.get(1));
        assertNotEquals(shown.get(1), shown.get(4));
    }

    @Test
    void aNewConversationShouldNotReplaceTheFileOfTheOneBefore(@TempDir Path folder) {
        Path file = folder.resolve("s");
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                () -> inPipe(">x</think>y", 100, "a", "/save " + file, "/reset", "b", "/save"));
        assertTrue(refused.getMessage().contains("/save: expected FILE"), refused.getMessage());
    }

    @Test
    void controlCShouldStopTheAnswerAndKeepWhatWasSaid() throws Exception {
        TestTerminal terminal = new TestTerminal("xterm");
        TerminalConsole console = terminal.console(null);
        ChatSession session = rwkv.chat(PromptTemplate.WORLD).open();
        ChatLoop loop = new ChatLoop(console, options -> writing(options.toBuilder().maxTokens(100_000).build(),
                "and so on ".repeat(20_000)), rwkv::resume, false);
        Thread user = new Thread(() -> {
            try {
                terminal.type("count\r");
                terminal.await("and so on", 3);
                terminal.type("\u0003");
                terminal.await("[stopped]", 1);
                terminal.type("/tokens\r");
                terminal.await("tokens in 1 turn", 1);
                terminal.type("/bogus\r");
                terminal.await("no such command", 1);
                terminal.type("/exit\r");
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        user.start();
        loop.run(session);
        user.join();
        console.close();
        assertEquals(1, session.turns().size());
        String said = session.turns().get(0).reply().text();
        assertTrue(said.startsWith("and so on and so on"), said);
        assertTrue(terminal.shown().contains(said), said); // all that the model has read was shown
    }
}
