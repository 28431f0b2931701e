package io.rwkv.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * A chat without a terminal: each line of standard input is a message or a command, answers go to standard output, and everything
 * else to standard error. What cannot be done ends the chat.
 */
final class PipeConsole implements ChatConsole {
    private final StandardInput.Lines in;
    private final PrintStream out;
    private final PrintStream err;
    private boolean thinking;
    private long line;
    private long first; // of what was read last

    PipeConsole(StandardInput.Lines in, PrintStream out, PrintStream err) {
        this.in = in;
        this.out = out;
        this.err = err;
    }

    @Override
    public String read() throws IOException {
        if (out.checkError()) {
            return null; // nobody reads the answers
        }
        first = line + 1;
        String next = next();
        if (next == null) {
            return null;
        }
        StringBuilder all = new StringBuilder(next);
        while (all.length() > 0 && all.charAt(all.length() - 1) == '\\') {
            all.setCharAt(all.length() - 1, '\n');
            next = next();
            if (next == null) {
                break;
            }
            all.append(next);
        }
        return all.toString();
    }

    private String next() throws IOException {
        line++;
        return in.next();
    }

    @Override
    public <T> T interruptible(Function<BooleanSupplier, T> reply) {
        return reply.apply(out::checkError);
    }

    @Override
    public void thought(String piece) {
        err.print(piece);
        thinking = true;
    }

    private void endThought() {
        if (thinking) {
            err.println();
            thinking = false;
        }
    }

    @Override
    public void answer(String piece) {
        endThought();
        out.print(piece);
        out.flush();
    }

    @Override
    public void endReply() {
        endThought();
        out.println();
    }

    @Override
    public void print(String lines) {
        out.println(lines);
    }

    @Override
    public void note(String text) {
        err.println("[" + text + "]");
    }

    @Override
    public void failed(Exception e) throws IOException {
        String message = "line " + first + ": " + Main.message(e);
        if (e instanceof IllegalArgumentException) {
            throw new IllegalArgumentException(message, e);
        }
        throw new IOException(message, e);
    }

    @Override
    public void close() {
        // Standard streams stay open.
    }
}
