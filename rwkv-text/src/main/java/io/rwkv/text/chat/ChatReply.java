package io.rwkv.text.chat;

import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What the model has said in one turn, its thought and its answer apart. Immutable and safe for any number of threads. */
public final class ChatReply {
    private final String begin;
    private final String rest;
    private final String thought;
    private final String text;
    private final boolean inThought;
    private final boolean complete;
    private final boolean kept;
    private final Set<String> tools;
    private final Generation generation;

    /**
     * A reply that is part of a conversation.
     *
     * @param begin what the prompt wrote of it
     * @param rest what the model wrote
     * @param tools the names of those that were declared
     * @param generation null if the model did not write it in this session
     */
    ChatReply(String begin, String rest, boolean complete, Set<String> tools, Generation generation) {
        this(begin, rest, complete, true, tools, generation);
    }

    /** A reply that was cancelled before there was any of it. */
    static ChatReply dropped(String begin) {
        return new ChatReply(begin, "", false, false, Set.of(), null);
    }

    private ChatReply(String begin, String rest, boolean complete, boolean kept, Set<String> tools,
            Generation generation) {
        this.begin = begin;
        this.rest = rest;
        this.complete = complete;
        this.kept = kept;
        this.tools = tools;
        this.generation = generation;
        ReplySplitter parts = ReplySplitter.of(begin, rest);
        this.thought = parts.thought();
        this.text = parts.answer();
        this.inThought = parts.thinking();
    }

    /** Whether the model came to the end of such a reply by itself. */
    static boolean complete(Reason reason) {
        return reason == Reason.STOP_TOKEN || reason == Reason.STOP_STRING || reason == Reason.COMPLETE;
    }

    /** The answer, without the thought and without blanks at its ends. Empty if the reply ended within its thought. */
    public String text() {
        return text;
    }

    /** The thought, without its tags and without blanks at its ends; empty if there is none. */
    public String thought() {
        return thought;
    }

    /** Whether the reply ended before its thought did, so that there is no answer. */
    public boolean endedInThought() {
        return inThought;
    }

    /**
     * The whole reply as the model has read it after the assistant's label: with the tags of the thought and with what the prompt wrote
     * of it, without blanks at its ends.
     */
    public String content() {
        return Blanks.strip(Blanks.unixLines(raw()));
    }

    /** As {@link #content()}, not cleaned. */
    String raw() {
        return begin + rest;
    }

    String begin() {
        return begin;
    }

    String rest() {
        return rest;
    }

    /**
     * Whether the model ended the reply by itself. False if it was cut short: by the limit of tokens, by cancellation, or by a
     * deadline.
     */
    public boolean complete() {
        return complete;
    }

    /** Whether it is part of the conversation. False if it was cancelled before any of it was given out: the session is as before. */
    public boolean kept() {
        return kept;
    }

    /**
     * The calls of tools in the answer, in their order: JSON objects with {@code name} and {@code arguments}, one or an array of them, in
     * a block that begins with {@code ```json}, or as the whole answer. None if no tools were declared, or if nothing looks like a call.
     *
     * @return unmodifiable
     * @throws ToolCallException if something looks like a call and is none: it is no JSON, has other members, names a tool that was not
     * declared, or is cut short
     */
    public List<ToolCall> toolCalls() {
        return tools.isEmpty() ? List.of() : List.copyOf(ToolCallParser.parse(text, tools));
    }

    /** Counts, times and the reason of its end; empty if the model did not write it in this session, but it was loaded or edited. */
    public Optional<Generation> generation() {
        return Optional.ofNullable(generation);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChatReply that && begin.equals(that.begin) && rest.equals(that.rest)
                && complete == that.complete && tools.equals(that.tools);
    }

    @Override
    public int hashCode() {
        return Objects.hash(begin, rest);
    }

    /** The answer. */
    @Override
    public String toString() {
        return text;
    }
}
