package io.rwkv.cli;

import org.jline.terminal.Size;
import org.jline.terminal.impl.ExternalTerminal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Pattern;

/** A terminal in memory, at which a test types. */
final class TestTerminal {
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private final Keys keys = new Keys();
    private final String type;

    /** What was typed, by any thread. */
    private static final class Keys extends InputStream {
        final BlockingQueue<Integer> typed = new LinkedBlockingQueue<>();

        @Override
        public int read() throws IOException {
            try {
                return typed.take();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }

        @Override
        public int read(byte[] to, int from, int length) throws IOException {
            to[from] = (byte) read();
            return 1;
        }
    }

    TestTerminal(String type) {
        this.type = type;
    }

    TerminalConsole console(Path history) throws IOException {
        ExternalTerminal terminal = new ExternalTerminal("test", type, keys, screen, StandardCharsets.UTF_8);
        terminal.setSize(Size.of(80, 24));
        return new TerminalConsole(terminal, history, List.of("/help", "/history", "/save"));
    }

    void type(String text) {
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            keys.typed.add(b & 0xff);
        }
    }

    String shown() {
        return screen.toString(StandardCharsets.UTF_8);
    }

    /** Waits until a text was shown so many times. */
    void await(String text, int times) throws InterruptedException {
        while (shown().split(Pattern.quote(text), -1).length <= times) {
            Thread.sleep(5);
        }
    }
}
