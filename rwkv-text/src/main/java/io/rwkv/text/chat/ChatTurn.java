package io.rwkv.text.chat;

import java.util.Arrays;
import java.util.Objects;

/** A turn of a conversation: what was said to the model, and its reply. Immutable and safe for any number of threads. */
public final class ChatTurn {
    private final ChatMessage message;
    private final Thinking thinking;
    private final boolean callTool;
    private final ChatReply reply;
    private final int[] promptTokens;
    private final int[] replyTokens;

    /** @param promptTokens what the state has read up to the reply, @param replyTokens and of it; neither is copied */
    ChatTurn(ChatMessage message, Thinking thinking, boolean callTool, ChatReply reply, int[] promptTokens,
            int[] replyTokens) {
        this.message = message;
        this.thinking = thinking;
        this.callTool = callTool;
        this.reply = reply;
        this.promptTokens = promptTokens;
        this.replyTokens = replyTokens;
    }

    /** What was said to the model, by the user or by a tool. */
    public ChatMessage message() {
        return message;
    }

    /** How the model was asked to think. */
    public Thinking thinking() {
        return thinking;
    }

    /** Whether the reply was opened as a call of a tool. */
    public boolean callTool() {
        return callTool;
    }

    /** What the model said. */
    public ChatReply reply() {
        return reply;
    }

    /** How many tokens were read for the message, with labels and with the opening of the reply. */
    public int promptTokens() {
        return promptTokens.length;
    }

    /** How many tokens the reply has in the state. */
    public int replyTokens() {
        return replyTokens.length;
    }

    int[] ownPromptTokens() {
        return promptTokens;
    }

    int[] ownReplyTokens() {
        return replyTokens;
    }

    /** All its tokens, in a new array. */
    int[] tokens() {
        int[] all = Arrays.copyOf(promptTokens, promptTokens.length + replyTokens.length);
        System.arraycopy(replyTokens, 0, all, promptTokens.length, replyTokens.length);
        return all;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChatTurn that && message.equals(that.message) && thinking == that.thinking
                && callTool == that.callTool && reply.equals(that.reply)
                && Arrays.equals(promptTokens, that.promptTokens) && Arrays.equals(replyTokens, that.replyTokens);
    }

    @Override
    public int hashCode() {
        return Objects.hash(message, reply);
    }

    @Override
    public String toString() {
        return message + "\n" + reply;
    }
}
