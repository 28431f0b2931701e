package io.rwkv.core.internal.model;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.RwkvConfig;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.internal.model.Runner.Sink;
import io.rwkv.core.internal.model.Runner.Wanted;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.nio.file.Path;

/** What {@link io.rwkv.core.RwkvModel} guards: a network with its weights in an engine, and the identity of both. */
public final class LoadedModel {
    private final RwkvConfig config;
    private final StateLayout stateLayout;
    private Runner runner; // null once released
    private final Fingerprint fingerprint;

    /** The engine is not closed by this class. */
    public LoadedModel(TensorFile file, RwkvConfig config, Engine engine, LoadProgress progress) {
        this.config = config;
        stateLayout = StateLayout.of(config);
        runner = new Runner(new Network(file, config, engine, progress), engine);
        fingerprint = Fingerprint.of(file, config);
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

    /** Reads a tuned initial state. */
    public StateArrays loadTunedState(Path path) throws IOException {
        return StateFiles.loadTuned(config, path);
    }

    /**
     * Forgets the network, and with it the file that its embedding table is read from. Only {@link #run} needs it; the caller
     * sees to it that none is under way and none follows.
     */
    public void release() {
        runner = null;
    }

    /** Runs tokens; the state moves on only if nothing fails. */
    public void run(int[] tokens, StateArrays state, Wanted wanted, Sink sink) {
        runner.run(tokens, state, wanted, sink);
    }
}
