package io.rwkv.text.chat;

import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.SamplingPreset;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Something to say to the model in a {@link ChatSession}, and how its reply is wanted. Immutable: the methods that change something
 * return a new request. Nothing happens until it is run. Each run is a turn of its own.
 *
 * <p><b>Pieces.</b> The pieces of text that are given out are the reply's answer; those of its thought go to {@link #onThought}. Together
 * they are exactly {@link ChatReply#text()} and {@link ChatReply#thought()}.
 *
 * <p><b>Ends.</b> However the reply ends by itself, or by the limit of tokens, the turn is part of the conversation. If it is cancelled,
 * the turn stays with the text that was given out, and that is what the model has read; if there was none yet, the session is as
 * before. If anything throws, be it the caller's code, the session is as before.
 */
public final class ChatRequest {
    private static final int MOST_TOKENS = 1024;
    private static final int MOST_TOKENS_WITH_THOUGHT = 4096;
    private static final BooleanSupplier NEVER = () -> false;

    final ChatSession session;
    final TurnPlace place;
    final ChatMessage message;
    final Thinking thinking;
    final boolean callTool;
    private final boolean strict; // whether the reply can be nothing but a call
    private final GenerationOptions options; // null for those of the thinking
    final Consumer<? super String> onThought;
    final BooleanSupplier cancelled;

    ChatRequest(ChatSession session, TurnPlace place, ChatMessage message, GenerationOptions options,
            Thinking thinking, boolean callTool) {
        this(session, place, message, thinking, callTool, false, options, piece -> {}, NEVER);
    }

    private ChatRequest(ChatSession session, TurnPlace place, ChatMessage message, Thinking thinking, boolean callTool,
            boolean strict, GenerationOptions options, Consumer<? super String> onThought, BooleanSupplier cancelled) {
        this.session = session;
        this.place = place;
        this.message = message;
        this.thinking = Objects.requireNonNull(thinking, "thinking");
        this.callTool = callTool;
        this.strict = strict;
        this.options = options;
        this.onThought = Objects.requireNonNull(onThought, "onThought");
        this.cancelled = Objects.requireNonNull(cancelled, "cancelled");
        if (strict && options != null && options.constraint().isPresent()) {
            throw new IllegalArgumentException("options: expected no constraint beside that of a call, found one");
        }
    }

    /** How the reply is generated; if nobody has said, as {@link ChatBuilder#options} says. */
    public GenerationOptions options() {
        GenerationOptions base = options != null ? options : defaults();
        return strict ? base.toBuilder().grammar(session.encoder().callGrammar()).build() : base;
    }

    private GenerationOptions defaults() {
        boolean thinks = thinking.begin().equals(Thinking.UNHINTED.begin());
        SamplingPreset preset = callTool
                ? SamplingPreset.TOOLS
                : thinks
                        ? SamplingPreset.THINKING
                        : thinking == Thinking.NONE ? SamplingPreset.CHAT : SamplingPreset.SKIPPED_THINKING;
        return GenerationOptions.builder().maxTokens(thinks ? MOST_TOKENS_WITH_THOUGHT : MOST_TOKENS)
                .sampling(preset.options()).build();
    }

    /**
     * A request with these options instead of the session's. The template's stop strings come on top, and after {@link #strictCall()}
     * its constraint.
     *
     * @throws IllegalArgumentException after {@code strictCall()}, if they have a constraint of their own
     */
    public ChatRequest options(GenerationOptions value) {
        return new ChatRequest(session, place, message, thinking, callTool, strict,
                Objects.requireNonNull(value, "options"), onThought, cancelled);
    }

    /** A request with this mode of thinking instead of the session's. */
    public ChatRequest thinking(Thinking value) {
        return new ChatRequest(session, place, message, value, callTool, strict, options, onThought, cancelled);
    }

    /**
     * A request whose reply is opened as a call of a tool, in JSON, without a thought; or one whose reply is not. The opening,
     * {@code ```json}, belongs to the answer: it is given out first, before anything is computed.
     */
    public ChatRequest callTool(boolean value) {
        return callTool(value, false);
    }

    private ChatRequest callTool(boolean value, boolean strictly) {
        return new ChatRequest(session, place, message, value ? Thinking.NONE : thinking, value, strictly, options,
                onThought, cancelled);
    }

    /**
     * A request as {@code callTool(true)}, whose reply can be nothing but a call that is well-formed, of a tool that was declared, with
     * arguments that its declaration admits; unless it is cut short. An argument is a string, integer, number or boolean of a
     * signature, a list ({@code integer[]}) or one of some words ({@code "a" | "b"}). A tool in JSON declares its {@code parameters} by
     * a JSON Schema, or its {@code arguments} by one each; all of these are required, unless {@code required} lists those that are.
     *
     * @throws IllegalArgumentException if there is no tool; or if what one declares is not understood, the message names it; or
     * if the options have a constraint
     */
    public ChatRequest strictCall() {
        session.encoder().callGrammar(); // what is wrong with it is told now
        return callTool(true, true);
    }

    /** A request that gives the pieces of the reply's thought to this receiver, in the thread that gives the answer's. */
    public ChatRequest onThought(Consumer<? super String> value) {
        return new ChatRequest(session, place, message, thinking, callTool, strict, options, value, cancelled);
    }

    /**
     * A request that is cancelled when this condition is true. It is asked before each new token and between pieces of what is read.
     * Replaces a condition given before.
     */
    public ChatRequest cancelledWhen(BooleanSupplier condition) {
        return new ChatRequest(session, place, message, thinking, callTool, strict, options, onThought, condition);
    }

    /** The same, cancelled also once this says so. */
    ChatRequest cancelledAlsoWhen(BooleanSupplier condition) {
        return cancelledWhen(() -> condition.getAsBoolean() || cancelled.getAsBoolean());
    }

    /** Runs to the end in this thread; throws what {@link #run(Consumer)} throws. */
    public ChatReply run() {
        return run(piece -> {});
    }

    /**
     * Runs to the end. Waits for it, in the service's turn, if the session has a service.
     *
     * @param onText receives each piece of the answer; with a service, in one of its threads for callbacks
     * @return the reply; {@link ChatReply#kept()} says whether it is part of the conversation
     * @throws IllegalArgumentException if a user's text has only blanks; or if the template has not what is asked for
     * @throws IllegalStateException if the session is in use, or if it is no longer where the turn is that this request is about; if the
     * service is shut down meanwhile; or if the model is closed
     * @throws java.util.concurrent.RejectedExecutionException if the service accepts no more requests
     * @throws ArithmeticException if the model's logits are NaN or infinite
     */
    public ChatReply run(Consumer<? super String> onText) {
        Objects.requireNonNull(onText, "onText");
        session.claim();
        try {
            return session.converse(this, piece -> {
                onText.accept(piece);
                return true;
            });
        } finally {
            session.release();
        }
    }

    /** Runs in a thread of its own, as {@link #start(Consumer)}. */
    public CompletableFuture<ChatReply> start() {
        return start(piece -> {});
    }

    /**
     * Runs in a new daemon thread. Cancelling the future, or completing it in another way, cancels the reply. {@code cancel} waits for
     * its end, unless {@code onText} calls it: when it returns, the session is free.
     *
     * @param onText as in {@link #run(Consumer)}
     * @return a future of what {@link #run(Consumer)} returns or throws
     */
    public CompletableFuture<ChatReply> start(Consumer<? super String> onText) {
        Objects.requireNonNull(onText, "onText");
        return ReplyFuture.start(this, piece -> {
            onText.accept(piece);
            return true;
        });
    }

    /**
     * Runs while the stream is consumed, at most one piece ahead, in a thread of its own. Closing the stream cancels the rest, and waits
     * for that. Use it in a {@code try} statement: the session is in use until the stream was consumed to its end or closed.
     *
     * @return the pieces of the answer in order; sequential. It throws what {@link #run(Consumer)} throws
     * @throws IllegalStateException if the session is in use
     */
    public Stream<String> stream() {
        return ReplyStream.of(this);
    }

    /**
     * The pieces of the answer as a publisher for reactive code. Each subscription is a run, in a thread of its own, which waits for
     * demand; so the session is in use until the subscription has come to its end or was cancelled. What {@link #run(Consumer)}
     * throws, also because another run is under way, goes to {@code onError}.
     */
    public Flow.Publisher<String> publisher() {
        return new ReplyPublisher(this);
    }
}
