package io.rwkv.core.internal.model;

import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.Ops;

/** Takes a prompt of any length through the network in stretches, so that memory does not grow with the prompt. */
public final class Runner {
    /** Tokens per stretch: long enough for matrix products to run at full speed, short enough for caches and memory. */
    public static final int STRETCH = 256;

    private final Network network;
    private final Engine engine;

    /** Neither is closed by this class. */
    public Runner(Network network, Engine engine) {
        this.network = network;
        this.engine = engine;
    }

    /** Which values a call wants of each stretch. */
    public enum Wanted {
        /** After ln_out, of the last token of all. */
        LAST_HIDDEN,
        /** After ln_out, of every token. */
        ALL_HIDDEN,
        /** Logits after the last token of all. */
        LAST_LOGITS,
        /** Logits after every token. */
        ALL_LOGITS
    }

    /** Receives the values of consecutive tokens. */
    @FunctionalInterface
    public interface Sink {
        /**
         * @param values one row per token; valid during this call only
         * @param row the number of the first row, counted over the whole call
         */
        void accept(Ops ops, Activations values, int row);
    }

    /** Runs all tokens; the state moves on only if nothing, the sink included, fails. */
    public void run(int[] tokens, StateArrays state, Wanted wanted, Sink sink) {
        boolean all = wanted == Wanted.ALL_HIDDEN || wanted == Wanted.ALL_LOGITS;
        boolean logits = wanted == Wanted.LAST_LOGITS || wanted == Wanted.ALL_LOGITS;
        state.begin();
        try (Ops ops = engine.ops()) {
            for (int from = 0; from < tokens.length; from += STRETCH) {
                int count = Math.min(STRETCH, tokens.length - from);
                int mark = ops.mark();
                Activations residual = network.residual(ops, tokens, from, count, state);
                if (all || from + count == tokens.length) {
                    Activations hidden = network.hidden(ops, all ? residual : ops.lastRow(residual));
                    sink.accept(ops, logits ? network.logits(ops, hidden) : hidden, all ? from : 0);
                }
                ops.release(mark);
                state.endStretch();
            }
        }
        state.commit();
    }
}
