package io.rwkv.text.grammar;

import io.rwkv.text.internal.masks.TokenMask;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * The states that texts have led to, each made once: an automaton over bytes that grows as it is used. It only grows; who uses it
 * takes a new one when it has become too large. Safe for any number of threads.
 */
final class StateCache {
    /** Of one cache. Users change to a new one long before; only a single step or mask of a most ambiguous grammar gets here. */
    private static final long MOST_BYTES = 256L << 20;

    private static final long STATE_BYTES = 150; // with its entry in a map

    private final Network network;
    private final StackSets sets = new StackSets();
    private final Map<StackSet, ParserState> ending = new HashMap<>();
    private final Map<StackSet, ParserState> open = new HashMap<>();
    private final Map<TokenMask, TokenMask> masks = new HashMap<>();
    private final ParserState start;
    private long otherBytes; // of states, masks and what is noted
    private volatile long bytes; // of all

    // Scratch of a step: the sets below the states that were reached, and the states whose steps are still to be taken.
    private final Map<Integer, Gathering> reached = new HashMap<>();
    private final TreeSet<Long> waiting = new TreeSet<>(); // order and state
    private boolean ended;

    StateCache(Network network) {
        this.network = network;
        synchronized (this) {
            reach(network.start, sets.bottom);
            start = close();
        }
    }

    ParserState start() {
        return start;
    }

    /** About how many bytes of memory it takes. */
    long bytes() {
        return bytes;
    }

    /** The state of a text that is in another cache. */
    synchronized ParserState adopt(ParserState foreign) {
        return foreign.home == this ? foreign : state(sets.adopt(foreign.stacks), foreign.mayEnd);
    }

    /** The same tops with nothing below, as if the text had begun in their rules. */
    synchronized ParserState frame(ParserState state) {
        StackSet[] below = new StackSet[state.stacks.tops.length];
        Arrays.fill(below, sets.bottom);
        return state(sets.get(state.stacks.tops, below, false), false);
    }

    /** Remembers a mask; equal ones are the same object. */
    synchronized TokenMask share(TokenMask mask) {
        TokenMask before = masks.putIfAbsent(mask, mask);
        note(before == null ? mask.bytes() : 0);
        return before == null ? mask : before;
    }

    /** Notes that someone keeps so many bytes for its states. */
    synchronized void note(long more) {
        otherBytes += more;
        bytes = otherBytes + sets.bytes();
    }

    synchronized ParserState step(ParserState state, int byteClass) {
        ParserState known = state.next[byteClass];
        if (known != null) {
            return known;
        }
        begin();
        StackSet stacks = state.stacks;
        for (int i = 0; i < stacks.tops.length; i++) {
            int top = stacks.tops[i];
            for (int read = network.readFrom[top]; read < network.readFrom[top + 1]; read++) {
                if (network.readLow[read] <= byteClass && byteClass <= network.readHigh[read]) {
                    reach(network.readTo[read], stacks.below[i]);
                }
            }
        }
        ParserState next = close();
        state.next[byteClass] = next;
        return next;
    }

    private void begin() {
        sets.nextStep();
        reached.clear();
        waiting.clear();
        ended = false;
    }

    private Gathering gathering(int state) {
        return reached.computeIfAbsent(state, key -> new Gathering(sets));
    }

    private void reach(int state, StackSet below) {
        enqueue(state, gathering(state).add(below));
    }

    private void reach(int state, int top, StackSet below) {
        enqueue(state, gathering(state).add(top, below));
    }

    private void enqueue(int state, boolean changed) {
        if (changed) {
            waiting.add((long) network.order[state] << 32 | state);
        }
    }

    /** Takes all steps without reading, and makes a state of what can read. */
    private ParserState close() {
        while (!waiting.isEmpty()) {
            stepWithoutReading(waiting.pollFirst().intValue());
        }
        int[] tops = new int[reached.size()];
        int count = 0;
        for (int state : reached.keySet()) {
            if (network.readFrom[state] < network.readFrom[state + 1]) {
                tops[count++] = state;
            }
        }
        tops = Arrays.copyOf(tops, count);
        Arrays.sort(tops);
        StackSet[] below = new StackSet[count];
        for (int i = 0; i < count; i++) {
            below[i] = reached.get(tops[i]).set();
        }
        return state(sets.get(tops, below, false), ended);
    }

    private void stepWithoutReading(int state) {
        StackSet below = reached.get(state).set();
        for (int i = network.skipFrom[state]; i < network.skipFrom[state + 1]; i++) {
            reach(network.skipTo[i], below);
        }
        for (int i = network.callFrom[state]; i < network.callFrom[state + 1]; i++) {
            int back = network.callReturn[i];
            if (back == Network.TAIL) {
                reach(network.callStart[i], below);
            } else {
                reach(network.callStart[i], back, below);
            }
        }
        if (network.ends[state]) {
            ended |= below.bottom;
            for (int i = 0; i < below.tops.length; i++) {
                reach(below.tops[i], below.below[i]);
            }
        }
    }

    private ParserState state(StackSet stacks, boolean mayEnd) {
        Map<StackSet, ParserState> states = mayEnd ? ending : open;
        ParserState state = states.get(stacks);
        if (state == null) {
            state = new ParserState(this, stacks, mayEnd, network.classes);
            states.put(stacks, state);
            note(STATE_BYTES + 8L * network.classes);
            if (bytes > MOST_BYTES) {
                throw StackSets.tooMany();
            }
        }
        return state;
    }
}
