package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Keys as a terminal sends them, and what it is sent. */
@Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
class TerminalConsoleTest {
    private static final String CTRL_C = "\u0003";
    private static final String CTRL_D = "\u0004";
    private static final String BACKSPACE = "\u007f";
    private static final String LEFT = "\u001bOD";
    private static final String UP = "\u001bOA";
    private static final String ALT_ENTER = "\u001b\r";

    @TempDir
    Path folder;
    private TestTerminal terminal;
    private TerminalConsole console;

    @BeforeEach
    void open() throws IOException {
        open("xterm", null);
    }

    private void open(String type, Path history) throws IOException {
        close();
        terminal = new TestTerminal(type);
        console = terminal.console(history);
    }

    @AfterEach
    void close() throws IOException {
        if (console != null) {
            console.close();
        }
    }

    private void type(String text) {
        terminal.type(text);
    }

    private String shown() {
        return terminal.shown();
    }

    private void await(String text, int times) throws InterruptedException {
        terminal.await(text, times);
    }

    @Test
    void linesShouldBeEditable() throws IOException {
        type("helo" + LEFT + "l\r" + "second\r" + CTRL_D);
        assertEquals("hello", console.read());
        assertEquals("second", console.read());
        assertNull(console.read());
    }

    @Test
    void wideCharactersShouldBeWhole() throws IOException {
        type("你好，世界🙂" + BACKSPACE + LEFT + BACKSPACE + "境\r" + "naïve 𝔘\r");
        assertEquals("你好，境界", console.read());
        assertEquals("naïve 𝔘", console.read());
    }

    @Test
    void aMessageShouldHoldSeveralLines() throws IOException {
        type("one\\\rtwo" + ALT_ENTER + "three\r");
        assertEquals("one\ntwo\nthree", console.read());
        type("a \\ in it\r");
        assertEquals("a \\ in it", console.read());
    }

    @Test
    void pastedTextShouldStayAsItIs() throws IOException {
        type("\u001b[200~make \\\n  all\n!!\u001b[201~ please\r");
        assertEquals("make \\\n  all\n!! please", console.read());
    }

    @Test
    void exclamationMarksShouldBeText() throws IOException {
        type("hello\r" + "wow!! !1 !hello\r"); // each of these would be the line before
        assertEquals("hello", console.read());
        assertEquals("wow!! !1 !hello", console.read());
    }

    @Test
    void theTabulatorShouldCompleteCommandsOnly() throws IOException {
        type("/sa\t\r");
        assertEquals("/save", console.read().strip());
        type("sa\t\r");
        assertEquals("sa", console.read());
    }

    @Test
    void controlCShouldTakeBackTheLine() throws InterruptedException {
        assertEquals("this", readWhile(() -> {
            await("> ", 1);
            type("not th");
            await("not th", 1);
            type(CTRL_C);
            await("> ", 2);
            type("this\r");
        }));
        assertFalse(shown().contains("/exit"), shown());
    }

    @Test
    void controlCOnAnEmptyLineShouldSayHowToLeave() throws InterruptedException {
        assertEquals("x", readWhile(() -> {
            await("> ", 1);
            type(CTRL_C);
            await("> ", 2);
            type("x\r");
        }));
        assertTrue(shown().contains("Ctrl-D or /exit"), shown());
    }

    /** What somebody does at the terminal. */
    private interface Typing {
        void run() throws InterruptedException;
    }

    private String readWhile(Typing typing) throws InterruptedException {
        Thread typist = new Thread(() -> {
            try {
                typing.run();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        typist.start();
        String line = console.read();
        typist.join();
        return line;
    }

    @Test
    void controlCShouldStopAReplyAndNothingElse() throws IOException {
        String said = console.interruptible(stopped -> {
            try {
                console.answer("begun");
                assertFalse(stopped.getAsBoolean());
                type(CTRL_C);
                while (!stopped.getAsBoolean()) {
                    Thread.sleep(5);
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return "stopped";
        });
        assertEquals("stopped", said);
        assertEquals("again", console.interruptible(stopped -> stopped.getAsBoolean() ? "still" : "again"));
        type("next\r");
        assertEquals("next", console.read());
    }

    @Test
    void whatIsTypedDuringAReplyShouldWait() throws IOException {
        console.interruptible(stopped -> {
            try {
                type("early\r");
                Thread.sleep(100);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            console.answer("answer");
            return null;
        });
        assertFalse(shown().contains("early"), shown());
        assertEquals("early", console.read());
        assertTrue(shown().contains("early"), shown());
    }

    @Test
    void historyShouldOutliveTheChat() throws IOException {
        Path history = ChatHistory.make(folder.resolve("state").resolve("history"));
        open("xterm", history);
        type("first\r" + "über\\\rzwei Zeilen\r");
        assertEquals("first", console.read());
        assertEquals("über\nzwei Zeilen", console.read());
        open("xterm", history);
        type(UP + "\r" + UP + UP + UP + "\r"); // the second moves within the lines
        assertEquals("über\nzwei Zeilen", console.read());
        assertEquals("first", console.read());
    }

    @Test
    void withoutHistoryNothingShouldBeKept() throws IOException {
        type("secret\r");
        assertEquals("secret", console.read());
        open("xterm", null);
        type(UP + "x\r");
        assertEquals("x", console.read());
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void theThoughtShouldBeSetApart() throws IOException {
        console.thought("Let me");
        console.thought(" see.");
        console.answer("It is 4.");
        console.endReply();
        assertEquals("\u001b[2mLet me\u001b[0m\u001b[2m see.\u001b[0m\n\nIt is 4.\n", shown().replace("\r", ""));
        open("dumb", null);
        console.thought("Let me see.");
        console.answer("It is 4.");
        console.endReply();
        assertEquals("(thought) Let me see.\n\n(answer) It is 4.\n", shown().replace("\r", ""));
    }

    @Test
    void aModelShouldNotCommandTheTerminal() {
        console.answer("\u001b]0;title\u0007 a\tb\nc\r\u009b2J\u007f");
        assertEquals("␛]0;title␇ a\tb\nc␍\ufffd2J␡", shown().replace("\r\n", "\n"));
    }
}
