package io.rwkv.text.chat;

import java.util.Objects;

/** One message of a conversation. Immutable and safe for any number of threads. */
public final class ChatMessage {
    /** Who says something. */
    public enum Role {
        /** What the whole conversation is about, or how the assistant is to answer. Only at its beginning. */
        SYSTEM,
        /** The user. */
        USER,
        /** The model. */
        ASSISTANT,
        /** A function that the model has called: the message is its output. */
        TOOL
    }

    private final Role role;
    private final String text;
    private final Thinking hint;

    private ChatMessage(Role role, String text, Thinking hint) {
        this.role = Objects.requireNonNull(role, "role");
        this.text = Objects.requireNonNull(text, "text");
        this.hint = hint;
    }

    /** A message of this role. */
    public static ChatMessage of(Role role, String text) {
        return new ChatMessage(role, text, Thinking.NONE);
    }

    /** A system message. */
    public static ChatMessage system(String text) {
        return of(Role.SYSTEM, text);
    }

    /** A user's message. */
    public static ChatMessage user(String text) {
        return of(Role.USER, text);
    }

    /** A reply of the model's, with its thought, if it has one, in {@code <think>…</think>}. */
    public static ChatMessage assistant(String text) {
        return of(Role.ASSISTANT, text);
    }

    /** A function's output, JSON in most cases. */
    public static ChatMessage tool(String text) {
        return of(Role.TOOL, text);
    }

    /**
     * The same message with the hint that a user's text had when it was asked. A conversation that is read again needs it, to be
     * read as it was. (The last user's text of a new prompt gets its hint from {@link ChatPrompt.Builder#thinking}.)
     *
     * @throws IllegalArgumentException if this is not a user's message
     */
    public ChatMessage hinted(Thinking thinking) {
        Objects.requireNonNull(thinking, "thinking");
        if (role != Role.USER) {
            throw new IllegalArgumentException("hinted: expected a user's message, found one of " + role);
        }
        return new ChatMessage(role, text, thinking);
    }

    /** Who says it. */
    public Role role() {
        return role;
    }

    /** What is said, as it was given: not cleaned, without the hint. */
    public String text() {
        return text;
    }

    /** The mode whose hint follows the text; {@link Thinking#NONE} for none. */
    public Thinking hint() {
        return hint;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChatMessage that && role == that.role && text.equals(that.text) && hint == that.hint;
    }

    @Override
    public int hashCode() {
        return Objects.hash(role, text, hint);
    }

    @Override
    public String toString() {
        return role + ": " + text;
    }
}
