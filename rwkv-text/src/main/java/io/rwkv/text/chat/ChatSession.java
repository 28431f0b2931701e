package io.rwkv.text.chat;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.chat.ChatMessage.Role;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A conversation with a model. Its memory is one state: what has been said is not read again. Made by
 * {@link io.rwkv.text.TextModel#chat(PromptTemplate)}.
 *
 * <pre>{@code
 * ChatSession chat = rwkv.chat(PromptTemplate.G1).system("You are terse.").thinking(Thinking.SHORT).open();
 * chat.say("Why is the sky blue?", System.out::print);
 * ChatSession other = chat.fork();
 * other.undo();
 * }</pre>
 *
 * <p><b>What the state has read</b> is exactly {@link #text()}: what the template makes of {@link #messages()}. If a model writes
 * something that differs from this only by blanks or CR LF, such as no blank after {@code Assistant:}, the turn is read again as the
 * template has it, when the state is next needed.
 *
 * <p><b>Going back.</b> {@link #undo}, {@link #rewind}, {@link #regenerate} and {@link #edit} take the state from a copy that was made
 * before a turn, or read what is missing since the nearest one. A session keeps a few copies ({@link ChatBuilder#snapshots}), each of
 * {@link RwkvState#byteSize()} bytes; forks share them. Such reading is put off until it is needed.
 *
 * <p><b>Threads.</b> For one thread at a time: a call while another one is under way, such as a reply that comes in a thread of its own,
 * is an {@link IllegalStateException}. {@link #turns()}, {@link #messages()}, {@link #text()} and other methods that only tell may be
 * called at any time; until a reply has ended, they tell of the conversation before it. Nothing needs closing. The model must stay
 * open.
 */
public final class ChatSession {
    final RwkvModel model;
    private final Tokenizer tokenizer;
    private final TurnEncoder encoder;
    private final PromptTemplate template;
    private final TextGenerator generator;
    private final ChatRunner runner;
    private final SessionMemory memory;
    private final AtomicBoolean busy = new AtomicBoolean();

    // Written by whoever has claimed the session, read by anyone.
    private volatile String system;
    private volatile int[] head;
    private volatile Thinking thinking;
    private volatile GenerationOptions options; // null for those of the thinking
    private volatile List<ChatTurn> turns;

    /** @param memory of this session alone */
    ChatSession(ChatBuilder from, PromptTemplate template, List<ChatTurn> turns, SessionMemory memory) {
        this(from.model, from.tokenizer, from.runner, new TurnEncoder(template, from.tools, from.tokenizer), memory,
                from.system, from.thinking, from.options, turns);
    }

    private ChatSession(RwkvModel model, Tokenizer tokenizer, ChatRunner runner, TurnEncoder encoder,
            SessionMemory memory, String system, Thinking thinking, GenerationOptions options, List<ChatTurn> turns) {
        encoder.template().check(thinking, false, encoder.tools());
        this.model = model;
        this.tokenizer = tokenizer;
        this.encoder = encoder;
        this.template = encoder.template();
        this.generator = new TextGenerator(model, tokenizer);
        this.runner = runner;
        this.memory = memory;
        this.system = system;
        this.head = encoder.head(system);
        this.thinking = thinking;
        this.options = options;
        this.turns = turns;
    }

    /**
     * A builder for sessions of a model. {@link io.rwkv.text.TextModel#chat(PromptTemplate)} is shorter.
     *
     * @param model is not closed by sessions
     */
    public static ChatBuilder builder(RwkvModel model, Tokenizer tokenizer) {
        return new ChatBuilder(model, tokenizer);
    }

    TurnEncoder encoder() {
        return encoder;
    }

    /** Takes the session for one call. */
    void claim() {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException("session in use by another call; wait for its reply, or cancel it");
        }
    }

    /** Gives it back. */
    void release() {
        busy.set(false);
    }

    /** The form of its prompts. */
    public PromptTemplate template() {
        return template;
    }

    /** The system's text, without tools; empty for the template's default. */
    public String system() {
        return system;
    }

    /** The tools that are declared. Unmodifiable. */
    public List<Tool> tools() {
        return encoder.tools();
    }

    /** How the model is asked to think, unless a request says otherwise. */
    public Thinking thinking() {
        return thinking;
    }

    /** How replies are generated, unless a request says otherwise. */
    public GenerationOptions options() {
        return message("").options();
    }

    /** The turns so far. Unmodifiable; never changes, later turns are in another list. */
    public List<ChatTurn> turns() {
        return turns;
    }

    /** The conversation so far as messages, the system's first if it has one. A new list. */
    public List<ChatMessage> messages() {
        return TurnEncoder.messages(system, turns);
    }

    /** The conversation so far, exactly as the state has read it or will read it. */
    public String text() {
        return encoder.text(system, turns);
    }

    /** The ids of the tokens of {@link #text()}, turn by turn as they are read; a new array. */
    public int[] tokens() {
        List<ChatTurn> all = turns;
        return SessionMemory.tokens(head, all, -1, all.size());
    }

    /** Changes how the model is asked to think from now on. */
    public void thinking(Thinking value) {
        template.check(Objects.requireNonNull(value, "thinking"), false, tools());
        exclusively(() -> thinking = value);
    }

    /** Changes how replies are generated from now on. */
    public void options(GenerationOptions value) {
        Objects.requireNonNull(value, "options");
        exclusively(() -> options = value);
    }

    /** Changes the system's text. The turns stay; when the model speaks next, it reads all again. */
    public void system(String text) {
        Objects.requireNonNull(text, "text");
        exclusively(() -> {
            system = text;
            head = encoder.head(text);
            memory.clear();
        });
    }

    private void exclusively(Runnable change) {
        exclusively(() -> {
            change.run();
            return null;
        });
    }

    private <T> T exclusively(Supplier<T> call) {
        claim();
        try {
            return call.get();
        } finally {
            release();
        }
    }

    /** Says something, and waits for the reply. Throws what {@link ChatRequest#run(Consumer)} throws. */
    public ChatReply say(String text) {
        return message(text).run();
    }

    /**
     * Says something, and waits for the reply. Throws what {@link ChatRequest#run(Consumer)} throws.
     *
     * @param onText receives each piece of the answer
     */
    public ChatReply say(String text, Consumer<? super String> onText) {
        return message(text).run(onText);
    }

    /** Prepares to say something. */
    public ChatRequest message(String text) {
        return request(TurnPlace.END, ChatMessage.user(text), thinking, false);
    }

    /** Prepares to give a function's output to the model. */
    public ChatRequest toolResult(String json) {
        template.check(Thinking.NONE, true, tools());
        return request(TurnPlace.END, ChatMessage.tool(json), thinking, false);
    }

    /**
     * Prepares another reply in place of the last one, to the same message, with the same thinking, and opened as a call if it was. Ask
     * anew for a {@link ChatRequest#strictCall}. A reply that was edited counts as one without thinking.
     *
     * @throws IllegalStateException if there is no turn
     */
    public ChatRequest regeneration() {
        List<ChatTurn> all = turns;
        int last = lastOf(all);
        ChatTurn turn = all.get(last);
        ChatMessage same = ChatMessage.of(turn.message().role(), turn.message().text());
        return request(new TurnPlace(last, turn, true), same, turn.thinking(), turn.callTool());
    }

    /** As {@link #regeneration()}, run at once. With a seed in the options, the reply is the same. */
    public ChatReply regenerate() {
        return regeneration().run();
    }

    /**
     * Prepares to say something else in place of an earlier message. That turn and those after it are dropped.
     *
     * @param turn from 0
     * @throws IndexOutOfBoundsException if there is no such turn
     */
    public ChatRequest edit(int turn, String text) {
        ChatTurn old = turns.get(turn);
        return request(new TurnPlace(turn, old, false), ChatMessage.of(old.message().role(), text), old.thinking(),
                old.callTool());
    }

    private ChatRequest request(TurnPlace place, ChatMessage message, Thinking mode, boolean callTool) {
        return new ChatRequest(this, place, message, options, mode, callTool);
    }

    /**
     * Has the model have said something else in an earlier turn. Later turns are dropped.
     *
     * @param turn from 0
     * @param reply with its thought, if it is to have one, in {@code <think>…</think>}
     * @throws IndexOutOfBoundsException if there is no such turn
     */
    public void editReply(int turn, String reply) {
        Objects.requireNonNull(reply, "reply");
        exclusively(() -> {
            List<ChatTurn> kept = new ArrayList<>(turns.subList(0, turn + 1));
            ChatMessage message = kept.remove(turn).message();
            kept.add(encoder.turn(turn, message, reply));
            memory.cut(turn);
            turns = List.copyOf(kept);
        });
    }

    /** One turn, while the session is claimed. */
    ChatReply converse(ChatRequest request, ReplySplitter.Sink onAnswer) {
        List<ChatTurn> before = turns;
        int keep = request.place.keep(before);
        template.check(request.thinking, request.callTool, tools());
        ChatMessage message = request.message.role() == Role.USER && !request.thinking.hint().isEmpty()
                ? request.message.hinted(request.thinking)
                : request.message;
        int[] prompt = encoder.prompt(keep, message, request.thinking, request.callTool);
        String begin = PromptTemplate.begin(request.thinking, request.callTool);
        if (!memory.moveTo(head, before, keep, request.cancelled)) {
            return ChatReply.dropped(begin);
        }
        memory.keep();
        RwkvState state = memory.state();
        memory.lose();
        ReplySplitter splitter = new ReplySplitter(begin, piece -> {
            request.onThought.accept(piece);
            return true;
        }, onAnswer);
        Generation done = runner.run(generator.request(prompt).options(replies(request.options())).state(state),
                request.cancelled, splitter::accept);
        splitter.finish();
        String rest = splitter.gone() ? splitter.given().substring(begin.length()) : done.text();
        boolean cut = splitter.gone() || done.reason() == Reason.CANCELLED || done.reason() == Reason.DEADLINE;
        if (cut && !splitter.anythingGiven()) {
            return ChatReply.dropped(begin);
        }
        String tail = encoder.tail(begin + rest, request.thinking, request.callTool);
        int[] reply = tail.equals(done.text()) ? done.tokens() : encoder.encode(tail);
        ChatTurn turn = new ChatTurn(message, request.thinking, request.callTool, new ChatReply(begin, rest,
                !splitter.gone() && ChatReply.complete(done.reason()), encoder.toolNames(), done), prompt, reply);
        List<ChatTurn> after = new ArrayList<>(before.subList(0, keep));
        after.add(turn);
        memory.cutBehind(keep);
        if (tail.equals(done.text())) { // else the turn is read as the template has it, when the state is needed
            memory.moved(state, keep + 1);
        }
        turns = List.copyOf(after);
        return turn.reply();
    }

    /** A reply ends as the template says, and without blanks, which would spoil the next turn. */
    private GenerationOptions replies(GenerationOptions base) {
        Set<String> stops = new LinkedHashSet<>(base.stopStrings());
        stops.addAll(template.stopStrings());
        return base.toBuilder().stopStrings(stops).trimEnd(true).build();
    }

    /**
     * Takes the last turn back.
     *
     * @return the turn
     * @throws IllegalStateException if there is none
     */
    public ChatTurn undo() {
        return exclusively(() -> {
            List<ChatTurn> all = turns;
            int last = lastOf(all);
            truncate(last);
            return all.get(last);
        });
    }

    private static int lastOf(List<ChatTurn> all) {
        if (all.isEmpty()) {
            throw new IllegalStateException("expected a conversation of at least 1 turn, found none");
        }
        return all.size() - 1;
    }

    /**
     * Takes the conversation back to its first turns.
     *
     * @param count how many of them stay; 0 for a conversation that begins anew
     * @throws IndexOutOfBoundsException if there are not so many
     */
    public void rewind(int count) {
        exclusively(() -> truncate(Objects.checkIndex(count, turns.size() + 1)));
    }

    private void truncate(int count) {
        memory.cut(count);
        turns = List.copyOf(turns.subList(0, count));
    }

    /** An independent session with the same conversation. It costs one copy of the state. */
    public ChatSession fork() {
        return exclusively(() -> new ChatSession(model, tokenizer, runner, encoder, memory.fork(), system, thinking,
                options, turns));
    }

    /**
     * A copy of the state, which has read {@link #tokens()}. Reads what is missing. Throws what {@link ChatRequest#run(Consumer)}
     * throws.
     */
    public RwkvState state() {
        return exclusively(() -> current().copy());
    }

    private RwkvState current() {
        List<ChatTurn> all = turns;
        memory.moveTo(head, all, all.size());
        return memory.state();
    }

    /**
     * Saves the session to a file: its template, texts, tools, turns, tokens and state, but neither options nor service.
     * {@link io.rwkv.text.TextModel#resume} goes on from it. An existing file is replaced as a whole or not at all. Reads what is
     * missing in the state. The file holds the conversation in the clear.
     *
     * @throws ArithmeticException if the state is not made of numbers alone; then nothing is saved
     * @throws IOException if the file cannot be written; an existing file is then as before
     */
    public void save(Path path) throws IOException {
        claim();
        try {
            SessionFile.write(path, this, current(), memory.origin(), memory.most());
        } finally {
            release();
        }
    }
}
