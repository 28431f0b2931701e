package io.rwkv.cli;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** Where a chat takes its lines from and shows its replies. For one thread. */
interface ChatConsole extends AutoCloseable {
    /** What the user says next: a line, or several that belong together. Null at the end. */
    String read() throws IOException;

    /**
     * Runs what gives a reply. It ends early when the condition that it is given becomes true: when the user no longer wants the
     * rest.
     */
    <T> T interruptible(Function<BooleanSupplier, T> reply);

    /** Shows a piece of the thought before an answer. */
    void thought(String piece);

    /** Shows a piece of an answer. */
    void answer(String piece);

    /** Ends a reply. */
    void endReply();

    /** Prints what a command was asked for: lines, without a line break after the last one. */
    void print(String lines);

    /** Says something beside. */
    void note(String line);

    /** Says what could not be done, or ends the chat with it: where nobody would notice, going on gives wrong answers. */
    void failed(Exception e) throws IOException;

    @Override
    void close() throws IOException;
}
