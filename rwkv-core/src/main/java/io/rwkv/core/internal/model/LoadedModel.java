package io.rwkv.core.internal.model;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.RwkvConfig;
import io.rwkv.core.engine.Activations;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * What {@link io.rwkv.core.RwkvModel} guards: a network with its weights in an engine, the identity of both, and how tokens are
 * taken through it. Safe for any number of threads, each with a state of its own.
 */
public final class LoadedModel {
    /** Tokens per stretch: long enough for matrix products to run at full speed, short enough for caches and memory. */
    private static final int STRETCH = 256;

    private final RwkvConfig config;
    private final StateLayout stateLayout;
    private final Passes passes;
    private Engine engine; // null once released, like the network
    private Network network;
    private final Fingerprint fingerprint;

    /** The engine is not closed by this class. */
    public LoadedModel(TensorFile file, RwkvConfig config, Engine engine, LoadProgress progress) {
        this.config = config;
        TensorFile tensors = ModelTensors.of(file, config);
        stateLayout = TunedStates.inside(tensors, config);
        passes = new Passes(stateLayout);
        this.engine = engine;
        network = new Network(tensors, config, engine, progress);
        fingerprint = Fingerprint.of(tensors, config);
    }

    /** Identifies the weights. */
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    /** Before the first token. */
    public StateArrays newState() {
        return new StateArrays(stateLayout);
    }

    /** Reads a saved state. */
    public StateArrays loadState(Path path) throws IOException {
        return StateFiles.load(stateLayout, fingerprint.hash(), path);
    }

    /** Reads a saved state. */
    public StateArrays loadState(byte[] saved) {
        return StateFiles.load(stateLayout, fingerprint.hash(), saved);
    }

    /** Reads a saved state, and nothing beyond it. */
    public StateArrays loadState(InputStream in) throws IOException {
        return StateFiles.load(stateLayout, fingerprint.hash(), in);
    }

    /** Reads a tuned initial state. */
    public StateArrays loadTunedState(Path path) throws IOException {
        return StateFiles.loadTuned(config, path);
    }

    /**
     * Forgets the engine and the network, and with it the file that its embedding table is read from. Only {@link #run} needs it; the caller
     * sees to it that none is under way and none follows.
     */
    public void release() {
        network = null;
        engine = null;
        passes.close();
    }

    /**
     * Takes tokens, of any number, through the network in stretches, so that memory does not grow with the number. The state
     * moves on only if nothing, the sink included, fails.
     */
    public void run(int[] tokens, StateArrays state, Wanted wanted, Sink sink) {
        Pass pass = passes.lend();
        try {
            pass.begin(state);
            try (Ops ops = engine.ops()) {
                for (int from = 0; from < tokens.length; from += STRETCH) {
                    int count = Math.min(STRETCH, tokens.length - from);
                    if (from > 0) {
                        pass.nextStretch();
                    }
                    int mark = ops.mark();
                    Activations residual = network.residual(ops, tokens, from, count, pass);
                    if (wanted.all() || from + count == tokens.length) {
                        Activations hidden = network.hidden(ops, wanted.all() ? residual : ops.lastRow(residual));
                        sink.accept(ops, wanted.logits() ? network.logits(ops, hidden) : hidden,
                                wanted.all() ? from : 0);
                    }
                    ops.release(mark);
                }
            }
            pass.commit();
        } finally {
            passes.giveBack(pass);
        }
    }
}
