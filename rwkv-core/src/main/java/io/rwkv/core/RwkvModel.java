package io.rwkv.core;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.internal.model.EngineLifetime;
import io.rwkv.core.internal.model.Engines;
import io.rwkv.core.internal.model.LoadedModel;
import io.rwkv.core.internal.model.ModelTensors;
import io.rwkv.core.internal.model.Sink;
import io.rwkv.core.internal.model.StateArrays;
import io.rwkv.core.internal.model.Wanted;
import io.rwkv.core.internal.nd4j.Nd4jBridge;
import io.rwkv.core.internal.nd4j.Nd4jResult;
import io.rwkv.core.tensor.TensorFile;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * An RWKV language model. Immutable and safe for any number of threads; each conversation, document or stream has an
 * {@link RwkvState} of its own.
 *
 * <p>All methods that read tokens take one token or many: one is the recurrent form, many are the parallel form, with the
 * same results, and any way of splitting a text over several calls gives the same results as one call. They move the state
 * on past the last token, or, if they fail, leave it as it was. Token ids are those of the model's tokenizer, 0 to
 * {@link RwkvConfig#vocabularySize()} − 1. Values are given as the model makes them: those of a damaged model may be NaN or
 * infinite. Common to all of them:
 * <ul>
 * <li>{@link IllegalArgumentException} if there is no token, a token is not in the vocabulary, or the state was made by
 * another model;
 * <li>{@link IllegalStateException} after {@link #close()} has freed the weights, or if another thread is using the state.
 * </ul>
 */
public final class RwkvModel implements AutoCloseable {
    private final RwkvConfig config;
    private final LoadedModel loaded;
    private final String engineName;
    private final long weightBytes;
    // Calls hold the read lock: closing waits for them, so that no call ever meets freed memory.
    private final ReadWriteLock closing = new ReentrantReadWriteLock();
    private final EngineLifetime lifetime; // guarded by closing

    private RwkvModel(RwkvConfig config, Engine engine, LoadedModel loaded, String origin) {
        this.config = config;
        this.engineName = engine.name();
        this.weightBytes = engine.weightBytes();
        this.loaded = loaded;
        this.lifetime = new EngineLifetime(this, engine, origin);
    }

    /**
     * Loads a model whose dimensions are known. Most callers want {@code io.rwkv.loader.Rwkv.open}, which finds them out.
     *
     * @param file with the tensor names of the original checkpoints; the embedding table is read from it as long as the
     * model lives
     * @throws RwkvFormatException if a tensor is missing or misshapen, is none that the version has, or holds what its own
     * precision cannot, such as NaN in blocks
     * @throws IllegalStateException if no engine can run
     * @throws IllegalArgumentException if there is no such engine, or it cannot hold weights in the precision asked for
     */
    public static RwkvModel load(TensorFile file, RwkvConfig config, RwkvOptions options) {
        Engine engine = Engines.create(options.engine(),
                EngineOptions.builder().precision(options.precision()).threads(options.threads()).build());
        try {
            TensorFile tensors = options.ignoreUnknownTensors() ? ModelTensors.withoutUnknown(file, config) : file;
            return new RwkvModel(config, engine, new LoadedModel(tensors, config, engine, options.progress()),
                    file.toString());
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
    }

    /** Version and dimensions. */
    public RwkvConfig config() {
        return config;
    }

    /** The name of the engine that computes. */
    public String engineName() {
        return engineName;
    }

    /**
     * The bytes of weights that computing one token reads, as the engine holds them. Divided by what the machine's memory
     * delivers per second, it is the least time that a token can take, unless weights are skipped ({@link #skippedShare()}).
     */
    public long weightBytes() {
        return weightBytes;
    }

    /**
     * The squared relu of a channel mix is exactly zero for most hidden units of trained models, and an engine may leave out
     * the weights that these units would be multiplied by. The share of units left out since the model was opened, from 0 to
     * 1, counting only tokens computed one at a time; empty if there were none, or the engine leaves nothing out.
     */
    public OptionalDouble skippedShare() {
        closing.readLock().lock();
        try {
            return lifetime.isClosed() ? OptionalDouble.empty() : lifetime.engine().skippedShare();
        } finally {
            closing.readLock().unlock();
            Reference.reachabilityFence(this);
        }
    }

    /** Identifies the weights: the same in any container, and what saved states are checked against. */
    public String fingerprint() {
        return loaded.fingerprint().hash();
    }

    /** A state that has read nothing; it starts from the tuned matrices that the checkpoint holds, if it holds any. */
    public RwkvState newState() {
        return new RwkvState(loaded.fingerprint(), loaded.newState());
    }

    /**
     * A state that has read nothing but starts from tuned matrices ("state tuning"), {@code blocks.N.att.time_state}. Files
     * other than safetensors need {@code rwkv-loader} on the class path.
     *
     * @throws IllegalArgumentException if the model is an RWKV-4, which has no such states
     * @throws RwkvFormatException if the file does not hold a tuned state of this model's dimensions, and nothing else
     * @throws IOException if it cannot be read at all
     */
    public RwkvState newState(Path tuned) throws IOException {
        return new RwkvState(loaded.fingerprint(), loaded.loadTunedState(tuned));
    }

    /**
     * Reads what {@link RwkvState#save(Path)} wrote.
     *
     * @throws RwkvFormatException if the file is not a state, is one of another model, was changed since it was saved, or holds
     * values that are infinite or no numbers
     * @throws IOException if it cannot be read at all
     */
    public RwkvState loadState(Path path) throws IOException {
        return new RwkvState(loaded.fingerprint(), loaded.loadState(path));
    }

    /**
     * Reads what {@link RwkvState#save(OutputStream)} wrote, and not a byte beyond it: anything may follow in the stream. Asks
     * for large pieces, so the stream need not be buffered.
     *
     * @param in stays open
     * @throws RwkvFormatException as from a file
     * @throws IOException if the stream cannot be read
     */
    public RwkvState loadState(InputStream in) throws IOException {
        return new RwkvState(loaded.fingerprint(), loaded.loadState(in));
    }

    /**
     * The state that {@link RwkvState#toBytes} made these bytes of.
     *
     * @param saved one state and nothing else
     * @throws RwkvFormatException as from a file
     */
    public RwkvState stateFrom(byte[] saved) {
        return new RwkvState(loaded.fingerprint(), loaded.loadState(saved));
    }

    /**
     * Reads tokens.
     *
     * @return [vocabulary]: logits of the token after the last one; float32, row-major, outside any ND4J workspace. The caller
     * owns the array and may close it
     * @throws IllegalStateException if ND4J cannot run; the message says what to add. Nothing has been computed then
     */
    public INDArray forward(int[] tokens, RwkvState state) {
        try (Nd4jResult out = Nd4jBridge.vector(config.vocabularySize())) {
            run(tokens, state, Wanted.LAST_LOGITS, (ops, logits, row) -> out.add(ops, logits));
            return out.take();
        }
    }

    /**
     * Reads tokens.
     *
     * @return [tokens, vocabulary]: row t holds the logits after token t; float32, 4 bytes per element, row-major, outside any
     * ND4J workspace. The caller owns the array and may close it
     * @throws IllegalStateException if ND4J cannot run; the message says what to add. Nothing has been computed then
     */
    public INDArray forwardAll(int[] tokens, RwkvState state) {
        try (Nd4jResult out = Nd4jBridge.matrix(tokens.length, config.vocabularySize())) {
            run(tokens, state, Wanted.ALL_LOGITS, (ops, logits, row) -> out.add(ops, logits));
            return out.take();
        }
    }

    /**
     * Reads tokens.
     *
     * @return [vocabulary]: logits of the token after the last one
     */
    public float[] logits(int[] tokens, RwkvState state) {
        return last(tokens, state, Wanted.LAST_LOGITS, config.vocabularySize());
    }

    /**
     * Reads tokens, into an array that callers may use again and again.
     *
     * @param to receives the logits of the token after the last one; at least as long as the vocabulary
     */
    public void logits(int[] tokens, RwkvState state, float[] to) {
        if (to.length < config.vocabularySize()) {
            throw new IllegalArgumentException(
                    "to: expected at least " + config.vocabularySize() + " elements, found " + to.length);
        }
        run(tokens, state, Wanted.LAST_LOGITS, (ops, values, row) -> ops.read(values, to, 0));
    }

    /**
     * Reads tokens.
     *
     * @return [tokens][vocabulary]: row t holds the logits after token t
     */
    public float[][] allLogits(int[] tokens, RwkvState state) {
        return all(tokens, state, Wanted.ALL_LOGITS, config.vocabularySize());
    }

    /**
     * Reads tokens.
     *
     * @return [width]: the vector after {@code ln_out} for the last token, which the logits are a linear function of
     * @throws ArithmeticException if it holds NaN or infinity, or zeros only: the model or the state is broken
     */
    public float[] hidden(int[] tokens, RwkvState state) {
        return last(tokens, state, Wanted.LAST_HIDDEN, config.width());
    }

    /**
     * Reads tokens.
     *
     * @return [tokens][width]: the vector after {@code ln_out} for each token
     * @throws ArithmeticException if one holds NaN or infinity, or zeros only: the model or the state is broken
     */
    public float[][] allHidden(int[] tokens, RwkvState state) {
        return all(tokens, state, Wanted.ALL_HIDDEN, config.width());
    }

    private float[] last(int[] tokens, RwkvState state, Wanted wanted, int columns) {
        float[] out = new float[columns];
        run(tokens, state, wanted, (ops, values, row) -> {
            ops.read(values, out, 0);
            if (wanted == Wanted.LAST_HIDDEN) {
                checkHidden(out, tokens.length - 1);
            }
        });
        return out;
    }

    private float[][] all(int[] tokens, RwkvState state, Wanted wanted, int columns) {
        float[][] out = new float[tokens.length][];
        run(tokens, state, wanted, (ops, values, row) -> {
            for (int t = 0; t < values.rows(); t++) {
                out[row + t] = new float[columns];
                ops.read(values, t, 1, out[row + t], 0);
                if (wanted == Wanted.ALL_HIDDEN) {
                    checkHidden(out[row + t], row + t);
                }
            }
        });
        return out;
    }

    /** Logits are checked when a token is chosen; these go to the caller as they are. */
    private static void checkHidden(float[] vector, int token) {
        boolean zero = true;
        for (int i = 0; i < vector.length; i++) {
            if (!Float.isFinite(vector[i])) {
                throw new ArithmeticException(
                        "vector after token " + token + ": element " + i + " is " + vector[i]);
            }
            zero &= vector[i] == 0;
        }
        if (zero) {
            throw new ArithmeticException("vector after token " + token + ": all " + vector.length + " elements are 0");
        }
    }

    private void run(int[] tokens, RwkvState state, Wanted wanted, Sink sink) {
        closing.readLock().lock();
        try {
            if (lifetime.isClosed()) {
                throw new IllegalStateException("model is closed");
            }
            check(tokens, state);
            StateArrays arrays = state.enter();
            try {
                loaded.run(tokens, arrays, wanted, sink);
            } finally {
                state.leave();
            }
        } finally {
            closing.readLock().unlock();
            Reference.reachabilityFence(this); // else the weights could be freed under a call on a forgotten model
        }
    }

    private void check(int[] tokens, RwkvState state) {
        if (!state.fingerprint().equals(loaded.fingerprint())) {
            throw new IllegalArgumentException("state: expected one of this model (fingerprint " + fingerprint()
                    + "), found one of model " + state.fingerprint());
        }
        if (tokens.length == 0) {
            throw new IllegalArgumentException("tokens: expected at least one, found none");
        }
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] < 0 || tokens[i] >= config.vocabularySize()) {
                throw new IllegalArgumentException("tokens[" + i + "]: expected 0 to " + (config.vocabularySize() - 1)
                        + ", found " + tokens[i]);
            }
        }
    }

    /**
     * Frees the weights at once, after waiting for calls in progress. The file's mapping goes when the garbage collector
     * finds that nobody holds it. Closing twice is harmless. States remain readable.
     *
     * <p>A model that is never closed is closed some time after the last reference to it is gone, with a warning in the log.
     */
    @Override
    public void close() {
        closing.writeLock().lock();
        try {
            loaded.release();
            lifetime.close();
        } finally {
            closing.writeLock().unlock();
        }
    }
}
