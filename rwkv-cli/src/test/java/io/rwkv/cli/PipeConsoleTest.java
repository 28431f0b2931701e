package io.rwkv.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;

class PipeConsoleTest {
    private static final String NEW_LINE = System.lineSeparator();

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private PipeConsole console(String... lines) {
        Iterator<String> all = List.of(lines).iterator();
        return new PipeConsole(() -> all.hasNext() ? all.next() : null, print(out), print(err));
    }

    private static PrintStream print(OutputStream to) {
        return new PrintStream(to, true, StandardCharsets.UTF_8);
    }

    @Test
    void linesShouldGoOnAfterABackslash() throws IOException {
        PipeConsole console = console("one", "two\\", "three\\", "", "\\", "four\\");
        assertEquals("one", console.read());
        assertEquals("two\nthree\n", console.read());
        assertEquals("\nfour\n", console.read());
        assertNull(console.read());
        assertNull(console.read());
    }

    @Test
    void onlyAnswersShouldGoToStandardOutput() {
        PipeConsole console = console();
        console.thought("Let me ");
        console.thought("see.");
        console.answer("It is ");
        console.answer("4.");
        console.endReply();
        console.thought("And");
        console.endReply();
        console.note("beside");
        console.print("asked for");
        assertEquals("It is 4." + NEW_LINE + NEW_LINE + "asked for" + NEW_LINE, out.toString(StandardCharsets.UTF_8));
        assertEquals("Let me see." + NEW_LINE + "And" + NEW_LINE + "[beside]" + NEW_LINE,
                err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void failuresShouldNameTheirLine() throws IOException {
        PipeConsole console = console("one", "two\\", "three", "four");
        console.read();
        console.read();
        IllegalArgumentException wrong = assertThrows(IllegalArgumentException.class,
                () -> console.failed(new IllegalArgumentException("what")));
        assertEquals("line 2: what", wrong.getMessage());
        console.read();
        IOException failed = assertThrows(IOException.class, () -> console.failed(new IllegalStateException("why")));
        assertEquals("line 4: why", failed.getMessage());
    }

    @Test
    void nothingShouldBeComputedThatNobodyReads() throws IOException {
        PipeConsole console = new PipeConsole(() -> "more", print(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("broken pipe");
            }
        }), print(err));
        assertEquals("more", console.read());
        console.interruptible(stopped -> {
            assertFalse(stopped.getAsBoolean());
            console.answer("x");
            assertTrue(stopped.getAsBoolean());
            return null;
        });
        assertNull(console.read());
    }
}
