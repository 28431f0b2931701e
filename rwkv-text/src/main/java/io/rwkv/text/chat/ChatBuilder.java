package io.rwkv.text.chat;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Tokenizers;
import io.rwkv.text.chat.ChatMessage.Role;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceRequest;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** Collects how a {@link ChatSession} begins. For one thread; may be used again after {@link #open()}. */
public final class ChatBuilder {
    private static final int SNAPSHOTS = 4;

    final RwkvModel model;
    final Tokenizer tokenizer;
    ChatRunner runner = ChatRunner.ALONE;
    String system = "";
    Thinking thinking = Thinking.NONE;
    List<Tool> tools = List.of();
    GenerationOptions options; // null for those of the thinking
    private PromptTemplate template; // null for the one of the model's family
    private List<ChatMessage> history = List.of();
    private RwkvState origin; // null for a new one
    private int snapshots = SNAPSHOTS;

    ChatBuilder(RwkvModel model, Tokenizer tokenizer) {
        this.model = Objects.requireNonNull(model, "model");
        this.tokenizer = Objects.requireNonNull(tokenizer, "tokenizer");
        Tokenizers.checkFits(tokenizer, model.config());
    }

    /** The form of the prompts; by default the one of the model's family ({@link PromptTemplate#of}). */
    public ChatBuilder template(PromptTemplate value) {
        template = Objects.requireNonNull(value, "template");
        return this;
    }

    /** The system's text; by default the template's, which is none for most. */
    public ChatBuilder system(String text) {
        system = Objects.requireNonNull(text, "text");
        return this;
    }

    /** How the model is asked to think; by default {@link Thinking#NONE}. */
    public ChatBuilder thinking(Thinking value) {
        thinking = Objects.requireNonNull(value, "thinking");
        return this;
    }

    /** The tools that the model may call; by default none. Declared in the system's text. */
    public ChatBuilder tools(Tool... values) {
        tools = List.of(values);
        return this;
    }

    /**
     * How replies are generated: sampling, the limit of tokens, more stop strings. By default those of a {@code TextModel} that was opened
     * with options of its own; else a {@link io.rwkv.text.sampling.SamplingPreset} for the way of thinking, or for calls of tools, and
     * at most 1,024 tokens, with a thought 4,096.
     */
    public ChatBuilder options(GenerationOptions value) {
        options = Objects.requireNonNull(value, "options");
        return this;
    }

    /** Has a service run all that the model does, beside other requests, and looks states up in its prefix cache. */
    public ChatBuilder service(GenerationService value) {
        return service(value, UnaryOperator.identity());
    }

    /**
     * As {@link #service(GenerationService)}.
     *
     * @param how gives each request its priority, deadline and caller
     */
    public ChatBuilder service(GenerationService value, UnaryOperator<ServiceRequest> how) {
        runner = new ChatRunner(Objects.requireNonNull(value, "service"), Objects.requireNonNull(how, "how"));
        return this;
    }

    /**
     * How many copies of earlier states the session keeps, at least 1, by default 4. One is needed for the state before the
     * last turn; each further one makes going back further as quick. Each takes {@link RwkvState#byteSize()} bytes.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    public ChatBuilder snapshots(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("snapshots: expected 1 or more, found " + most);
        }
        snapshots = most;
        return this;
    }

    /**
     * The state that the conversation begins with, such as a tuned one ({@link RwkvModel#newState(Path)}); by default a new one.
     *
     * @param value copied
     */
    public ChatBuilder state(RwkvState value) {
        origin = value.copy();
        return this;
    }

    /**
     * A conversation that has taken place already: messages of users or tools, each with the reply to it. They are read before the
     * first new message. By default there are none.
     *
     * @throws IllegalArgumentException if they do not take turns in this way
     */
    public ChatBuilder history(List<ChatMessage> messages) {
        List<ChatMessage> copy = List.copyOf(messages);
        for (int i = 0; i < copy.size(); i++) {
            Role role = copy.get(i).role();
            boolean right = i % 2 == 1 ? role == Role.ASSISTANT : role == Role.USER || role == Role.TOOL;
            if (!right) {
                throw new IllegalArgumentException("history[" + i + "]: expected a message of "
                        + (i % 2 == 1 ? "the assistant" : "the user or a tool") + ", found one of " + role);
            }
        }
        if (copy.size() % 2 == 1) {
            throw new IllegalArgumentException("history: expected a reply at its end, found none");
        }
        history = copy;
        return this;
    }

    /**
     * Opens a session. Nothing is computed yet.
     *
     * @throws IllegalArgumentException if no template was given and the model's family is not known; if the template has no thinking or
     * no tools and these are wanted; if two tools have the same name or are declared in different ways; or if a user's text in the
     * history has only blanks
     */
    public ChatSession open() {
        PromptTemplate form = template != null ? template : PromptTemplate.of(model.config(), tokenizer);
        ChatSession session = new ChatSession(this, form, List.of(), memory(origin, snapshots));
        if (history.isEmpty()) {
            return session;
        }
        List<ChatTurn> turns = new ArrayList<>();
        for (int i = 0; i < history.size(); i += 2) {
            form.check(history.get(i));
            turns.add(session.encoder().turn(i / 2, history.get(i), history.get(i + 1).text()));
        }
        return new ChatSession(this, form, List.copyOf(turns), memory(origin, snapshots));
    }

    SessionMemory memory(RwkvState first, int most) {
        return new SessionMemory(new TextGenerator(model, tokenizer), model::newState, first, most, runner);
    }

    /** A builder with the same model, tokenizer, options and service, and nothing else. */
    ChatBuilder sameModel() {
        ChatBuilder other = new ChatBuilder(model, tokenizer);
        other.options = options;
        other.runner = runner;
        return other;
    }

    /**
     * Goes on with a session that {@link ChatSession#save} has saved, with this builder's options and service. All else is in the
     * file.
     *
     * @throws io.rwkv.core.RwkvFormatException if the file is damaged, is no session, or is one of another model or tokenizer
     * @throws IOException if the file cannot be read at all
     * @throws IllegalArgumentException if this builder was given what is in the file: a template, a system's text, thinking, tools,
     * history, or a state
     */
    public ChatSession resume(Path path) throws IOException {
        String given = template != null
                ? "template"
                : !system.isEmpty()
                        ? "system"
                        : thinking != Thinking.NONE
                                ? "thinking"
                                : !tools.isEmpty()
                                        ? "tools"
                                        : !history.isEmpty() ? "history" : origin != null ? "state" : null;
        if (given != null) {
            throw new IllegalArgumentException(given + ": expected none, since the saved session has its own");
        }
        return SessionFile.read(path, this);
    }
}
