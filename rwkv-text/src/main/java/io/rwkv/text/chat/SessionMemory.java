package io.rwkv.text.chat;

import io.rwkv.core.RwkvState;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.text.serving.PrefixCache;
import io.rwkv.text.serving.PrefixMatch;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The state of a session, and earlier ones to go back to. It is always somewhere between two turns, or nowhere: then it is made again
 * when it is needed, by reading what is missing since the nearest earlier state. For one thread at a time.
 */
final class SessionMemory {
    private static final Logger LOG = LoggerFactory.getLogger(SessionMemory.class);
    private static final int NOWHERE = -1;
    private static final GenerationOptions READ = GenerationOptions.builder().maxTokens(0).build();

    private final TextGenerator generator;
    private final Supplier<RwkvState> newState;
    private final RwkvState origin; // what the session began with; null for a new state
    private final int most;
    private final TreeMap<Integer, RwkvState> snapshots; // by turns read; never moved, so that forks can share them
    private ChatRunner runner;
    private RwkvState state; // null if it is nowhere
    private int turns = NOWHERE; // so many of them has the state read, and what stands before them

    /**
     * A memory that has read nothing.
     *
     * @param origin null for a new state; never moved
     * @param most how many earlier states to keep, at least 1
     */
    SessionMemory(TextGenerator generator, Supplier<RwkvState> newState, RwkvState origin, int most,
            ChatRunner runner) {
        this(generator, newState, origin, most, runner, new TreeMap<>());
    }

    private SessionMemory(TextGenerator generator, Supplier<RwkvState> newState, RwkvState origin, int most,
            ChatRunner runner, TreeMap<Integer, RwkvState> snapshots) {
        this.generator = generator;
        this.newState = newState;
        this.origin = origin;
        this.most = most;
        this.runner = runner;
        this.snapshots = snapshots;
    }

    /** An independent memory that has read the same. */
    SessionMemory fork() {
        SessionMemory fork = new SessionMemory(generator, newState, origin, most, runner, new TreeMap<>(snapshots));
        fork.state = state == null ? null : state.copy();
        fork.turns = turns;
        return fork;
    }

    RwkvState origin() {
        return origin;
    }

    int most() {
        return most;
    }

    /** The state, where the last {@link #moveTo} or {@link #moved} has put it. */
    RwkvState state() {
        return state;
    }

    /** Notes that the state has read so many turns. */
    void moved(RwkvState now, int count) {
        state = now;
        turns = count;
    }

    /** Notes that nobody knows what the state has read. */
    void lose() {
        state = null;
        turns = NOWHERE;
    }

    /** Notes that turns from here on are no longer part of the conversation. */
    void cut(int count) {
        if (turns > count) {
            lose();
        }
        cutBehind(count);
    }

    /** As {@link #cut}, but the state has read what takes their place. */
    void cutBehind(int count) {
        snapshots.tailMap(count, false).clear();
    }

    /** Notes that what stands before the turns is another text. */
    void clear() {
        lose();
        snapshots.clear();
    }

    /** Keeps a copy of the state as it is, between two turns. */
    void keep() {
        snapshots.computeIfAbsent(turns, at -> state.copy());
        while (snapshots.size() > most) {
            snapshots.remove(leastWanted());
        }
    }

    /** The oldest but one that all turns begin with; never the newest, to which a failed turn goes back. */
    private Integer leastWanted() {
        Integer least = null;
        for (Integer at : snapshots.keySet()) {
            if (at != turns && (least == null || least == 0)) {
                least = at;
            }
        }
        return least;
    }

    /**
     * Takes the state to where it has read so many turns.
     *
     * @param head the tokens before the first turn
     * @param all the conversation, at least so many turns of it
     * @param cancelled asked between pieces of what is read
     * @return false if cancelled; then the state is nowhere
     */
    boolean moveTo(int[] head, List<ChatTurn> all, int count, BooleanSupplier cancelled) {
        if (turns == count) {
            return true;
        }
        if (turns > count) {
            lose();
        }
        Map.Entry<Integer, RwkvState> near = snapshots.floorEntry(count);
        if (near != null && near.getKey() > turns) {
            moved(near.getValue().copy(), near.getKey());
        }
        int known = turns;
        int[] tokens = tokens(head, all, NOWHERE, count);
        int read = tokens.length - tokens(head, all, known, count).length;
        RwkvState from = state;
        if (known == NOWHERE) {
            from = origin == null ? newState.get() : origin.copy();
        }
        PrefixMatch match = origin == null && tokens.length > read ? lookup(tokens) : null;
        if (match != null && match.length() > read && match.length() <= tokens.length) {
            from = match.state();
            read = match.length();
        }
        lose();
        if (!read(Arrays.copyOfRange(tokens, read, tokens.length), from, cancelled)) {
            return false;
        }
        moved(from, count);
        if (match != null && tokens.length > read) {
            store(tokens);
        }
        return true;
    }

    /**
     * As {@link #moveTo(int[], List, int, BooleanSupplier)}, where nobody can cancel.
     *
     * @throws CancellationException if the service or an interruption of this thread has ended it all the same
     */
    void moveTo(int[] head, List<ChatTurn> all, int count) {
        if (!moveTo(head, all, count, () -> false)) {
            throw new CancellationException("the conversation could not be read to its end");
        }
    }

    /** What the service's cache knows of these tokens; null if there is none. */
    private PrefixMatch lookup(int[] tokens) {
        PrefixCache cache = runner.cache();
        try {
            // Of a whole prompt a cache wants to know the logits too; one token more, and the state is enough.
            return cache == null ? null : cache.lookup(Arrays.copyOf(tokens, tokens.length + 1));
        } catch (RuntimeException e) {
            LOG.warn("a conversation of {} tokens goes on without the prefix cache: {}", tokens.length, e.toString());
            return null;
        }
    }

    private void store(int[] tokens) {
        try {
            runner.cache().store(tokens, tokens.length, state, null);
        } catch (RuntimeException e) { // the conversation does not depend on it
            LOG.warn("a state after {} tokens is not in the prefix cache: {}", tokens.length, e.toString());
        }
    }

    /** Has a state read tokens. False if cancelled before all were read. */
    private boolean read(int[] tokens, RwkvState into, BooleanSupplier cancelled) {
        if (tokens.length == 0) {
            return true;
        }
        Generation done = runner.run(generator.request(tokens).options(READ).state(into), cancelled, piece -> {});
        return done.promptTokens() == tokens.length;
    }

    /** The tokens between two places. */
    static int[] tokens(int[] head, List<ChatTurn> all, int from, int to) {
        int length = from == NOWHERE ? head.length : 0;
        for (ChatTurn turn : all.subList(Math.max(from, 0), to)) {
            length += turn.promptTokens() + turn.replyTokens();
        }
        int[] tokens = new int[length];
        int at = 0;
        if (from == NOWHERE) {
            System.arraycopy(head, 0, tokens, 0, head.length);
            at = head.length;
        }
        for (ChatTurn turn : all.subList(Math.max(from, 0), to)) {
            System.arraycopy(turn.tokens(), 0, tokens, at, turn.promptTokens() + turn.replyTokens());
            at += turn.promptTokens() + turn.replyTokens();
        }
        return tokens;
    }
}
