package io.rwkv.text.chat;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvVersion;
import io.rwkv.tokenizer.Tokenizer;

import java.util.List;
import java.util.Objects;

/**
 * How a conversation is written down for a model: exactly as in its training, since a blank at the wrong place spoils an answer. A
 * prompt is the messages' parts with a separator between, then the opening of the reply. Immutable and safe for any number of
 * threads. Two with the same contents are equal.
 *
 * <p>Texts of system, user and tools are cleaned ({@link #clean}); replies keep their empty lines, and lose the blanks at their ends
 * ({@link #cleanReply}). All of a prompt is encoded as ordinary text: names of special tokens do not become these tokens.
 */
public final class PromptTemplate {
    /** RWKV-7 G1: {@code System: …}, {@code User: …}, {@code Assistant: …}, an empty line between; thinking and tools. */
    public static final PromptTemplate G1 = builder("G1").thinking(true).tools(true).build();

    /** World models: as {@link #G1}, without thinking and tools. */
    public static final PromptTemplate WORLD = builder("World").build();

    /**
     * Raven models (RWKV-4 with the 20B vocabulary, tuned to instructions): {@code # Instruction:} and {@code # Response:}, below
     * what all of their training began with.
     */
    public static final PromptTemplate RAVEN = builder("Raven").systemLabel("").userLabel("# Instruction:\n")
            .assistantLabel("# Response:\n").replyGap("").stopStrings("\n\n# Instruction:")
            .defaultSystem("Below is an instruction that describes a task. "
                    + "Write a response that appropriately completes the request.")
            .build();

    private static final String FUNCTION_OUTPUT = "Function output:\n";
    private static final String JSON_CALL = "```json";
    private static final int PILE_VOCABULARY = 50277;

    private final String name;
    private final String systemLabel;
    private final String userLabel;
    private final String assistantLabel;
    private final String replyGap;
    private final String separator;
    private final String defaultSystem;
    private final List<String> stopStrings;
    private final boolean emptyLines;
    private final boolean thinking;
    private final boolean tools;

    private PromptTemplate(Builder builder) {
        name = builder.name;
        systemLabel = builder.systemLabel;
        userLabel = builder.userLabel;
        assistantLabel = builder.assistantLabel;
        replyGap = builder.replyGap;
        separator = builder.separator;
        defaultSystem = builder.defaultSystem;
        emptyLines = builder.emptyLines;
        thinking = builder.thinking;
        tools = builder.tools;
        stopStrings = builder.stopStrings != null ? builder.stopStrings : List.of(endOfTurn(separator + userLabel));
    }

    /** Without the blanks after the label: the model's next token may hold them and more. */
    private static String endOfTurn(String label) {
        String text = stripEnd(label);
        return text.isEmpty() ? label : text;
    }

    private static String stripEnd(String text) {
        int end = text.length();
        while (end > 0 && Blanks.isBlank(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /**
     * The template of a model's family: {@link #G1} for RWKV-7 with the World vocabulary, {@link #WORLD} for other versions with it,
     * {@link #RAVEN} for the 20B vocabulary.
     *
     * @throws IllegalArgumentException if the vocabulary is another one: then only the caller knows how the model was trained
     */
    public static PromptTemplate of(RwkvConfig config, Tokenizer tokenizer) {
        // Two tokens that no other vocabulary has at these ids, and that the template itself is made of.
        if (tokenizer.idOf("\n\n").orElse(-1) == 261 && tokenizer.idOf("User").orElse(-1) == 24281) {
            return config.version() == RwkvVersion.V7 || config.version() == RwkvVersion.V7A ? G1 : WORLD;
        }
        if (tokenizer.vocabularySize() == PILE_VOCABULARY) {
            return RAVEN;
        }
        throw new IllegalArgumentException("template: expected the World or the 20B vocabulary, to know one by, found "
                + tokenizer.vocabularySize() + " tokens; choose a PromptTemplate");
    }

    /** A builder for a template of the caller's own. It begins with the labels of {@link #WORLD}. */
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /** A builder that begins with this template's contents. */
    public Builder toBuilder() {
        Builder builder = builder(name).systemLabel(systemLabel).userLabel(userLabel).assistantLabel(assistantLabel)
                .replyGap(replyGap).separator(separator).defaultSystem(defaultSystem).emptyLines(emptyLines)
                .thinking(thinking).tools(tools);
        builder.stopStrings = stopStrings;
        return builder;
    }

    /** What it is called, in messages. */
    public String name() {
        return name;
    }

    /** What stands before a system text, such as {@code "System: "}. */
    public String systemLabel() {
        return systemLabel;
    }

    /** What stands before a user's text, such as {@code "User: "}. */
    public String userLabel() {
        return userLabel;
    }

    /** What stands before a reply and opens it, such as {@code "Assistant:"}. */
    public String assistantLabel() {
        return assistantLabel;
    }

    /** What stands between the assistant's label and a reply, and is written by the model, such as {@code " "}. */
    public String replyGap() {
        return replyGap;
    }

    /** What stands between two messages, such as {@code "\n\n"}. */
    public String separator() {
        return separator;
    }

    /** The system text of conversations that have none of their own; empty for none. */
    public String defaultSystem() {
        return defaultSystem;
    }

    /** A reply ends before the first of these strings that appears in it. Unmodifiable. */
    public List<String> stopStrings() {
        return stopStrings;
    }

    /** Whether empty lines in texts of system, user and tools stay. */
    public boolean emptyLines() {
        return emptyLines;
    }

    /** Whether it has modes of thinking other than {@link Thinking#NONE}. */
    public boolean thinking() {
        return thinking;
    }

    /** Whether tools can be declared and called. */
    public boolean tools() {
        return tools;
    }

    /**
     * A text as it stands in a turn of system, user or tool: CR LF becomes LF, each run of LF becomes one (unless
     * {@link #emptyLines()}), and there are no blanks at the ends. Lines of blanks stay.
     */
    public String clean(String text) {
        String lines = Blanks.unixLines(text);
        return Blanks.strip(emptyLines ? lines : Blanks.joinLines(lines));
    }

    /** A reply as it stands in a conversation: CR LF becomes LF, and there are no blanks at the ends. */
    public String cleanReply(String text) {
        return Blanks.strip(Blanks.unixLines(text));
    }

    /**
     * The prompt for the next reply, without thinking or tools; a {@link ChatPrompt} has these.
     *
     * @throws IllegalArgumentException as {@link ChatPrompt.Builder#build()}
     */
    public String prompt(List<ChatMessage> messages) {
        return ChatPrompt.builder(this).messages(messages).build().text();
    }

    /** The first part; empty if there is nothing to say in it. */
    String system(String text, List<Tool> declared) {
        String own = clean(text.isEmpty() ? defaultSystem : text);
        String all = declared.isEmpty() ? own : clean(own + "\n" + Tool.declare(declared));
        return all.isEmpty() ? "" : systemLabel + all;
    }

    /** The part of a message that is not the system's. */
    String part(ChatMessage message) {
        return switch (message.role()) {
            case USER -> userLabel + clean(message.text()) + message.hint().hint();
            case TOOL -> userLabel + clean(FUNCTION_OUTPUT + message.text());
            case ASSISTANT -> reply(message.text());
            case SYSTEM -> throw new IllegalArgumentException("messages: expected a system's one first only");
        };
    }

    /** The part of a reply. It begins as its opening did. */
    String reply(String content) {
        String clean = cleanReply(content);
        return clean.isEmpty() ? assistantLabel : assistantLabel + replyGap + clean;
    }

    /** What a prompt writes of the reply. */
    static String begin(Thinking mode, boolean callTool) {
        return callTool ? JSON_CALL : mode.begin();
    }

    /** The last part of a prompt. */
    String opening(Thinking mode, boolean callTool) {
        String begin = begin(mode, callTool);
        return begin.isEmpty() ? assistantLabel : assistantLabel + replyGap + begin;
    }

    /** @throws IllegalArgumentException if this template does not have what is wanted */
    void check(Thinking mode, boolean callTool, List<Tool> declared) {
        if (mode != Thinking.NONE && !thinking) {
            throw new IllegalArgumentException("thinking: expected NONE with the template " + name + ", found " + mode);
        }
        if ((callTool || !declared.isEmpty()) && !tools) {
            throw new IllegalArgumentException("tools: expected none with the template " + name);
        }
        if (callTool && mode != Thinking.NONE) {
            throw new IllegalArgumentException(
                    "thinking: expected NONE where the reply is opened as a call of a tool, found " + mode);
        }
        Tool.checkTogether(declared);
    }

    /** @throws IllegalArgumentException if a message has what this template does not: a hint, or the output of a tool */
    void check(ChatMessage message) {
        check(message.hint(), false, List.of());
        check(Thinking.NONE, message.role() == ChatMessage.Role.TOOL, List.of());
    }

    private List<Object> contents() {
        return List.of(name, systemLabel, userLabel, assistantLabel, replyGap, separator, defaultSystem, stopStrings,
                emptyLines, thinking, tools);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PromptTemplate that && contents().equals(that.contents());
    }

    @Override
    public int hashCode() {
        return contents().hashCode();
    }

    @Override
    public String toString() {
        return name;
    }

    /** Collects a template's contents. For one thread; may be used again after {@link #build()}. */
    public static final class Builder {
        private final String name;
        private String systemLabel = "System: ";
        private String userLabel = "User: ";
        private String assistantLabel = "Assistant:";
        private String replyGap = " ";
        private String separator = "\n\n";
        private String defaultSystem = "";
        private List<String> stopStrings; // null for the separator and the user's label
        private boolean emptyLines;
        private boolean thinking;
        private boolean tools;

        private Builder(String name) {
            this.name = Objects.requireNonNull(name, "name");
        }

        /** What stands before a system text; by default {@code "System: "}. */
        public Builder systemLabel(String value) {
            systemLabel = Objects.requireNonNull(value, "systemLabel");
            return this;
        }

        /** What stands before a user's text; by default {@code "User: "}. */
        public Builder userLabel(String value) {
            userLabel = Objects.requireNonNull(value, "userLabel");
            return this;
        }

        /** What stands before a reply, and ends a prompt; by default {@code "Assistant:"}. */
        public Builder assistantLabel(String value) {
            assistantLabel = Objects.requireNonNull(value, "assistantLabel");
            return this;
        }

        /** What stands between the assistant's label and a reply, and is written by the model; by default {@code " "}. */
        public Builder replyGap(String value) {
            replyGap = Objects.requireNonNull(value, "replyGap");
            return this;
        }

        /** What stands between two messages; by default an empty line, {@code "\n\n"}. */
        public Builder separator(String value) {
            separator = Objects.requireNonNull(value, "separator");
            return this;
        }

        /** The system text of conversations that have none of their own; by default empty. */
        public Builder defaultSystem(String value) {
            defaultSystem = Objects.requireNonNull(value, "defaultSystem");
            return this;
        }

        /**
         * The strings before which a reply ends; by default one, the separator with the user's label: {@code "\n\nUser:"}.
         *
         * @throws IllegalArgumentException if one of them is empty
         */
        public Builder stopStrings(String... values) {
            List<String> all = List.of(values);
            if (all.contains("")) {
                throw new IllegalArgumentException("stopStrings: expected none that is empty");
            }
            stopStrings = all;
            return this;
        }

        /** Whether empty lines in texts of system, user and tools stay; by default not, as an empty line ends a turn. */
        public Builder emptyLines(boolean value) {
            emptyLines = value;
            return this;
        }

        /** Whether the model can think, in {@code <think>…</think>}; by default not. */
        public Builder thinking(boolean value) {
            thinking = value;
            return this;
        }

        /** Whether the model can call tools; by default not. */
        public Builder tools(boolean value) {
            tools = value;
            return this;
        }

        /**
         * The template as it is now.
         *
         * @throws IllegalArgumentException if the assistant's label, or the separator with the user's label, is empty: then nothing
         * would say who speaks
         */
        public PromptTemplate build() {
            if (assistantLabel.isEmpty()) {
                throw new IllegalArgumentException("assistantLabel: expected text, found none");
            }
            if ((separator + userLabel).isEmpty()) {
                throw new IllegalArgumentException("separator, userLabel: expected text in one of them, found none");
            }
            return new PromptTemplate(this);
        }
    }
}
