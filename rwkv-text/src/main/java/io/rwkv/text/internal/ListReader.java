package io.rwkv.text.internal;

import io.rwkv.core.Output;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * Takes a list of texts through a model, in tokens: many short texts in one call, a long one in several. What a call holds is
 * bounded by {@link #ROWS} tokens and by the memory of the states, whatever the lengths are. Texts begin in the order of the
 * list. There is no padding, so nothing is gained by sorting them. For one call, in one thread.
 */
public final class ListReader {
    /** Tokens in a call of the model: two of its stretches. */
    static final int ROWS = 512;
    /** Bytes for states, and as much again for what the call writes. */
    private static final long STATE_BYTES = 128L << 20;

    /** What is wanted of the texts. */
    public interface Visitor {
        /** Puts a state that has read anything to where a text begins; by default, where nothing has been read. */
        default void begin(int text, RwkvState state) {
            state.reset();
        }

        /**
         * Where a piece of a text has to end.
         *
         * @param from the first token of the piece
         * @param end the text's length
         * @return from + 1 to end
         */
        default int pieceEnd(int text, int from, int end) {
            return end;
        }

        /**
         * What is wanted of a piece.
         *
         * @param piece the tokens {@code from} to {@code to − 1} of the text
         */
        Step step(int text, int from, int to, int[] piece, RwkvState state);

        /** Takes what {@link #step} wanted. Pieces of a text come in order. */
        void accept(int text, int from, int to, Output output);

        /** What a text is called in messages. */
        String name(int text);
    }

    /** A text that has begun and not ended. */
    private static final class Open {
        final int text;
        final int length;
        final RwkvState state;
        int from;
        int to;

        Open(int text, int length, RwkvState state) {
            this.text = text;
            this.length = length;
            this.state = state;
        }
    }

    private final RwkvModel model;
    private final List<int[]> texts;
    private final Visitor visitor;
    private final int mostStates;
    private final Deque<RwkvState> idle = new ArrayDeque<>();
    private int next; // the first text that has not begun

    private ListReader(RwkvModel model, List<int[]> texts, Visitor visitor, int mostStates) {
        this.model = model;
        this.texts = texts;
        this.visitor = visitor;
        this.mostStates = mostStates;
    }

    /**
     * Reads all texts.
     *
     * @param texts each of at least one token
     * @throws ArithmeticException if a hidden vector that was wanted is none; the message names the text
     */
    public static void read(RwkvModel model, List<int[]> texts, Visitor visitor) {
        read(model, texts, visitor, mostStates(model));
    }

    static void read(RwkvModel model, List<int[]> texts, Visitor visitor, int mostStates) {
        new ListReader(model, texts, visitor, mostStates).run();
    }

    /** How many states of a model there may be at once: as many as have room in memory, at most {@link #ROWS}, one at least. */
    public static int mostStates(RwkvModel model) {
        return mostStates(RwkvState.byteSize(model.config()), Runtime.getRuntime().maxMemory());
    }

    static int mostStates(long stateBytes, long heapBytes) {
        return (int) Math.max(1, Math.min(ROWS, Math.min(STATE_BYTES, heapBytes / 8) / stateBytes));
    }

    private void run() {
        List<Open> open = new ArrayList<>();
        List<Open> inCall = new ArrayList<>();
        List<Step> steps = new ArrayList<>();
        while (next < texts.size() || !open.isEmpty()) {
            inCall.clear();
            steps.clear();
            int room = ROWS;
            for (int i = 0; room > 0 && (i < open.size() || open.size() < mostStates && next < texts.size()); i++) {
                if (i == open.size()) {
                    open.add(begin());
                }
                Open one = open.get(i);
                inCall.add(one);
                steps.add(step(one, room));
                room -= one.to - one.from;
            }
            List<Output> outputs = forward(inCall, steps);
            for (int i = 0; i < inCall.size(); i++) {
                Open one = inCall.get(i);
                visitor.accept(one.text, one.from, one.to, outputs.get(i));
                one.from = one.to;
                if (one.to == one.length) {
                    idle.push(one.state);
                }
            }
            open.removeIf(one -> one.from == one.length);
        }
    }

    private Open begin() {
        RwkvState state = idle.isEmpty() ? model.newState() : idle.pop();
        visitor.begin(next, state);
        Open begun = new Open(next, texts.get(next).length, state);
        next++;
        return begun;
    }

    private Step step(Open one, int room) {
        one.to = Math.min(one.from + room, visitor.pieceEnd(one.text, one.from, one.length));
        int[] piece = Arrays.copyOfRange(texts.get(one.text), one.from, one.to);
        return visitor.step(one.text, one.from, one.to, piece, one.state);
    }

    private List<Output> forward(List<Open> inCall, List<Step> steps) {
        try {
            return model.forward(steps);
        } catch (ArithmeticException e) {
            // The call moved no state, so each text can be asked alone whether it is the one.
            for (int i = 0; i < steps.size(); i++) {
                try {
                    model.forward(List.of(steps.get(i)));
                } catch (ArithmeticException its) {
                    throw named(inCall.get(i), its);
                }
            }
            throw e;
        }
    }

    private ArithmeticException named(Open one, ArithmeticException cause) {
        String what = cause.getMessage().replaceFirst("^steps\\[0]\\.", "");
        ArithmeticException named = new ArithmeticException(visitor.name(one.text)
                + (one.from == 0 ? "" : " from token " + one.from + " on") + ": " + what);
        named.initCause(cause);
        return named;
    }
}
