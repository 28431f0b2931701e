package io.rwkv.text.chat;

import io.rwkv.text.chat.ChatMessage.Role;
import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The exact prompt of a conversation, ready for the next reply. For a conversation that goes on, a {@link ChatSession} reads only
 * what is new. Immutable and safe for any number of threads.
 *
 * <pre>{@code
 * ChatPrompt prompt = ChatPrompt.builder(PromptTemplate.G1).user("Why is the sky blue?").thinking(Thinking.SHORT).build();
 * Generation reply = rwkv.request(prompt.tokens(rwkv.tokenizer())).stop(prompt.stopStrings()).run();
 * }</pre>
 */
public final class ChatPrompt {
    private final PromptTemplate template;
    private final String text;

    private ChatPrompt(PromptTemplate template, String text) {
        this.template = template;
        this.text = text;
    }

    /** A builder for a prompt in this form. */
    public static Builder builder(PromptTemplate template) {
        return new Builder(template);
    }

    /** The prompt. It ends with the opening of the reply, without a blank after it. */
    public String text() {
        return text;
    }

    /** The prompt's token ids, without special tokens; a new array. */
    public int[] tokens(Tokenizer tokenizer) {
        return tokenizer.encodeOrdinary(text);
    }

    /** The strings that end the reply; a new array. */
    public String[] stopStrings() {
        return template.stopStrings().toArray(new String[0]);
    }

    @Override
    public String toString() {
        return text;
    }

    /** Collects a conversation. For one thread; may be used again after {@link #build()}. */
    public static final class Builder {
        private final PromptTemplate template;
        private final List<ChatMessage> messages = new ArrayList<>();
        private Thinking thinking = Thinking.NONE;
        private boolean callTool;
        private List<Tool> tools = List.of();

        private Builder(PromptTemplate template) {
            this.template = Objects.requireNonNull(template, "template");
        }

        /** Adds messages after those given before. */
        public Builder messages(List<ChatMessage> values) {
            messages.addAll(List.copyOf(values));
            return this;
        }

        /** Adds a message. */
        public Builder message(ChatMessage value) {
            messages.add(Objects.requireNonNull(value, "message"));
            return this;
        }

        /** Adds a system message. */
        public Builder system(String text) {
            return message(ChatMessage.system(text));
        }

        /** Adds a user's message. */
        public Builder user(String text) {
            return message(ChatMessage.user(text));
        }

        /** Whether a thought is asked for; by default {@link Thinking#NONE}. Its hint follows the last user's text. */
        public Builder thinking(Thinking value) {
            thinking = Objects.requireNonNull(value, "thinking");
            return this;
        }

        /** The tools that are declared in the system's text; by default none. */
        public Builder tools(List<Tool> values) {
            tools = List.copyOf(values);
            return this;
        }

        /** Whether the reply is opened as a call of a tool, in JSON; by default not. */
        public Builder callTool(boolean value) {
            callTool = value;
            return this;
        }

        /**
         * The prompt as it is now.
         *
         * @throws IllegalArgumentException if there is no message that can be answered: the last one must be a user's or a tool's; if
         * a system message is not the first; if a user's text is empty; if the template has no thinking or no tools and these are
         * wanted; or if tools are declared in two ways
         */
        public ChatPrompt build() {
            template.check(thinking, callTool, tools);
            int last = messages.size() - 1;
            if (last < 0 || messages.get(last).role() == Role.SYSTEM || messages.get(last).role() == Role.ASSISTANT) {
                throw new IllegalArgumentException("messages: expected the last one to be a user's or a tool's, found "
                        + (last < 0 ? "no message" : "one of " + messages.get(last).role()));
            }
            boolean hasSystem = messages.get(0).role() == Role.SYSTEM;
            List<String> parts = new ArrayList<>();
            String system = template.system(hasSystem ? messages.get(0).text() : "", tools);
            if (!system.isEmpty()) {
                parts.add(system);
            }
            int hinted = lastUser();
            for (int i = hasSystem ? 1 : 0; i <= last; i++) {
                ChatMessage message = messages.get(i);
                if (message.role() == Role.USER && template.clean(message.text()).isEmpty()) {
                    throw new IllegalArgumentException("messages[" + i + "]: expected text, found only blanks");
                }
                if (i == hinted && !thinking.hint().isEmpty()) {
                    message = message.hinted(thinking);
                }
                template.check(message);
                parts.add(template.part(message));
            }
            parts.add(template.opening(thinking, callTool));
            return new ChatPrompt(template, String.join(template.separator(), parts));
        }

        private int lastUser() {
            int i = messages.size() - 1;
            while (i >= 0 && messages.get(i).role() != Role.USER) {
                i--;
            }
            return i;
        }
    }
}
