package io.rwkv.core.internal.model;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.RwkvConfig;
import io.rwkv.core.Want;
import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.Ops;
import io.rwkv.core.internal.events.Events;
import io.rwkv.core.internal.events.ForwardSpan;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * What {@link io.rwkv.core.RwkvModel} guards: a network with its weights in an engine, the identity of both, and how tokens are
 * taken through it. Safe for any number of threads, each with a state of its own.
 */
public final class LoadedModel {
    private final RwkvConfig config;
    private final StateLayout stateLayout;
    private final Pool<Sequence> sequences;
    private final Pool<Pass> passes;
    private Engine engine; // null once released, like the network
    private Network network;
    private final Fingerprint fingerprint;

    /** The engine is not closed by this class. */
    public LoadedModel(TensorFile file, RwkvConfig config, Engine engine, LoadProgress progress) {
        this.config = config;
        TensorFile tensors = ModelTensors.of(file, config);
        stateLayout = TunedStates.inside(tensors, config);
        sequences = new Pool<>(() -> new Sequence(stateLayout));
        passes = new Pool<>(() -> new Pass(stateLayout, sequences));
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
        sequences.close();
    }

    /** A call to be filled with sequences and run; the caller gives it back. */
    public Pass call() {
        return passes.lend();
    }

    /** After the call, failed or not. */
    public void giveBack(Pass call) {
        passes.giveBack(call);
    }

    /**
     * Takes the tokens of all sequences, of any number, through the network in stretches, so that memory does not grow with the
     * number. The states move on only if nothing, the sinks included, fails; then they all do.
     */
    public void run(Pass call) {
        ForwardSpan span = Events.forward();
        boolean completed = false;
        try {
            try (Ops ops = engine.ops()) {
                while (call.nextStretch()) {
                    int mark = ops.mark();
                    call.deliver(ops, network, network.residual(ops, call));
                    ops.release(mark);
                }
            }
            call.commit();
            completed = true;
        } finally {
            if (span != null) {
                call.finish(span, completed);
            }
        }
    }

    /** Runs a call of one sequence. */
    public void run(int[] tokens, StateArrays state, Want want, Sink sink) {
        Pass call = call();
        try {
            call.add(tokens, state, want, sink);
            run(call);
        } finally {
            giveBack(call);
        }
    }
}
