package io.rwkv.text.chat;

import io.rwkv.text.chat.ChatMessage.Role;
import io.rwkv.text.grammar.Grammar;
import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Turns a conversation's messages into text and tokens, by one template with its tools. Safe for any number of threads. */
final class TurnEncoder {
    private final PromptTemplate template;
    private final List<Tool> tools;
    private final Set<String> toolNames = new LinkedHashSet<>();
    private final Tokenizer tokenizer;
    private Grammar callGrammar; // made when it is first wanted

    TurnEncoder(PromptTemplate template, List<Tool> tools, Tokenizer tokenizer) {
        this.template = template;
        this.tools = tools;
        this.tokenizer = tokenizer;
        tools.forEach(tool -> toolNames.add(tool.name()));
    }

    PromptTemplate template() {
        return template;
    }

    List<Tool> tools() {
        return tools;
    }

    Set<String> toolNames() {
        return toolNames;
    }

    /** What a reply may be that is a call; kept, since it remembers much. */
    synchronized Grammar callGrammar() {
        if (callGrammar == null) {
            callGrammar = ToolGrammar.of(tools);
        }
        return callGrammar;
    }

    /** What is read before the first turn. */
    int[] head(String system) {
        return tokenizer.encodeOrdinary(headText(system));
    }

    private String headText(String system) {
        String first = template.system(system, tools);
        return first.isEmpty() ? "" : first + template.separator();
    }

    /** What is read from the reply before on to where the next reply begins. */
    int[] prompt(int number, ChatMessage message, Thinking thinking, boolean callTool) {
        if (message.role() == Role.USER && template.clean(message.text()).isEmpty()) {
            throw new IllegalArgumentException("text: expected something to say, found only blanks");
        }
        return tokenizer.encodeOrdinary((number > 0 ? template.separator() : "") + template.part(message)
                + template.separator() + template.opening(thinking, callTool));
    }

    /** What is read of a reply after its opening. */
    String tail(String raw, Thinking thinking, boolean callTool) {
        return template.reply(raw).substring(template.opening(thinking, callTool).length());
    }

    int[] encode(String text) {
        return tokenizer.encodeOrdinary(text);
    }

    /** A turn that the model has not written. */
    ChatTurn turn(int number, ChatMessage message, String reply) {
        return new ChatTurn(message, Thinking.NONE, false, new ChatReply("", reply, true, toolNames, null),
                prompt(number, message, Thinking.NONE, false), encode(tail(reply, Thinking.NONE, false)));
    }

    /** All text of a conversation. */
    String text(String system, List<ChatTurn> turns) {
        StringBuilder text = new StringBuilder(headText(system));
        for (int i = 0; i < turns.size(); i++) {
            ChatTurn turn = turns.get(i);
            text.append(i == 0 ? "" : template.separator()).append(template.part(turn.message()))
                    .append(template.separator()).append(template.reply(turn.reply().raw()));
        }
        return text.toString();
    }

    /**
     * Checks a turn that comes from a file.
     *
     * @param path of the turn, for messages
     * @throws IllegalArgumentException if its tokens are not those that this tokenizer and template make of it
     */
    void check(ChatTurn turn, int number, String path) {
        template.check(turn.thinking(), turn.callTool(), tools);
        if (!turn.reply().begin().equals(PromptTemplate.begin(turn.thinking(), turn.callTool()))) {
            throw new IllegalArgumentException(path + ".begin: expected that of its thinking, found "
                    + turn.reply().begin());
        }
        if (!Arrays.equals(turn.ownPromptTokens(),
                prompt(number, turn.message(), turn.thinking(), turn.callTool()))) {
            throw new IllegalArgumentException(path + ".promptTokens: expected those of this tokenizer, found others");
        }
        String tail = tail(turn.reply().raw(), turn.thinking(), turn.callTool());
        // A tokenizer that normalises (NFC) gives other text than it was given.
        if (!tail.equals(text(turn.ownReplyTokens())) && !Arrays.equals(turn.ownReplyTokens(), encode(tail))) {
            throw new IllegalArgumentException(path + ".replyTokens: expected those of the reply, found others");
        }
    }

    private String text(int[] tokens) {
        return tokenizer.decode(Arrays.stream(tokens).filter(tokenizer::standsForText).toArray());
    }

    /** The conversation as messages. */
    static List<ChatMessage> messages(String system, List<ChatTurn> turns) {
        List<ChatMessage> messages = new ArrayList<>();
        if (!system.isEmpty()) {
            messages.add(ChatMessage.system(system));
        }
        for (ChatTurn turn : turns) {
            messages.add(turn.message());
            messages.add(ChatMessage.assistant(turn.reply().raw()));
        }
        return messages;
    }
}
