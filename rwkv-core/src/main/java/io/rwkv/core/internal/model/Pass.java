package io.rwkv.core.internal.model;

import io.rwkv.core.Want;
import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.engine.StatePart;
import io.rwkv.core.internal.events.ForwardSpan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One call of the model: its sequences, and how their tokens are divided into stretches that go through the layers together.
 * Sequences take their turns in order; each goes on until it ends or the stretch is full. Lent by a {@link Pool}; for one
 * thread at a time.
 */
public final class Pass extends Pool.Member {
    /** Tokens per stretch: long enough for matrix products to run at full speed, short enough for caches and memory. */
    static final int STRETCH = 256;

    private final Pool<Sequence> sequences;
    private final List<Sequence> all = new ArrayList<>();
    private final List<Sequence> active = new ArrayList<>(); // those with tokens in the present stretch
    private int ended; // of all, those that ended before the present stretch
    private final LayerState[] layers;
    private final Stretch stretch = new Stretch(STRETCH);
    private final Delivery delivery = new Delivery(STRETCH);

    Pass(StateLayout layout, Pool<Sequence> sequences) {
        this.sequences = sequences;
        int parts = layout.parts().size();
        StatePart[] views = new StatePart[layout.layers() * parts];
        Arrays.setAll(views, View::new);
        layers = new LayerState[layout.layers()];
        Arrays.setAll(layers, i -> new LayerState(views, i * parts));
    }

    /** One part of one layer of all sequences in the present stretch. */
    private final class View implements StatePart {
        private final int index;

        View(int index) {
            this.index = index;
        }

        @Override
        public int sequences() {
            return active.size();
        }

        @Override
        public int row(int sequence) {
            return active.get(sequence).row();
        }

        @Override
        public int rows(int sequence) {
            return active.get(sequence).count();
        }

        @Override
        public float[] before(int sequence) {
            return active.get(sequence).before()[index];
        }

        @Override
        public float[] after(int sequence) {
            return active.get(sequence).after()[index];
        }
    }

    /**
     * Adds a sequence, before the first stretch.
     *
     * @param tokens at least one; not copied
     * @param state of no other sequence of this call
     */
    public void add(int[] tokens, StateArrays state, Want want, Sink sink) {
        Sequence sequence = sequences.lend();
        all.add(sequence);
        sequence.begin(tokens, state, want, sink);
    }

    /** Of the sequence added last: the token that comes after its tokens. It is not read, but its probability can be wanted. */
    public void followedBy(int token) {
        all.get(all.size() - 1).followedBy(token);
    }

    /** Goes on to the next stretch; false if all sequences have ended. */
    boolean nextStretch() {
        while (ended < all.size() && all.get(ended).count() > 0 && all.get(ended).ends()) {
            ended++;
        }
        active.clear();
        int rows = 0;
        for (int i = ended; i < all.size() && rows < STRETCH; i++) {
            Sequence sequence = all.get(i);
            sequence.nextStretch(rows, STRETCH - rows);
            active.add(sequence);
            stretch.put(rows, sequence.tokens(), sequence.from(), sequence.count());
            rows += sequence.count();
        }
        stretch.setCount(rows);
        return rows > 0;
    }

    /**
     * Hands out what is wanted of the present stretch.
     *
     * @param residual what it has become
     */
    void deliver(Ops ops, Network network, Activations residual) {
        delivery.deliver(ops, network, active, residual);
    }

    /** After the last stretch: all states move. Cannot fail. */
    void commit() {
        for (int i = 0; i < all.size(); i++) {
            all.get(i).commit();
        }
    }

    /** After the call, failed or not: tells what it had to do. */
    void finish(ForwardSpan span, boolean completed) {
        long tokens = 0;
        long headRows = 0;
        for (Sequence sequence : all) {
            tokens += sequence.tokens().length;
            headRows += sequence.headRows();
        }
        span.finish(all.size(), tokens, headRows, completed);
    }

    @Override
    void end() {
        for (int i = 0; i < all.size(); i++) {
            sequences.giveBack(all.get(i));
        }
        all.clear();
        active.clear();
        ended = 0;
        stretch.end();
    }

    /** One layer on its way through the present stretch. */
    LayerState layer(int layer) {
        return layers[layer];
    }

    /** The present stretch. */
    Stretch stretch() {
        return stretch;
    }
}
