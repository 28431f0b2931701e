package io.rwkv.core;

import io.rwkv.core.engine.Engine;
import io.rwkv.core.engine.EngineOptions;
import io.rwkv.core.internal.events.Events;
import io.rwkv.core.internal.events.LoadSpan;
import io.rwkv.core.internal.model.EngineLifetime;
import io.rwkv.core.internal.model.Engines;
import io.rwkv.core.internal.model.LoadedModel;
import io.rwkv.core.internal.model.ModelTensors;
import io.rwkv.core.internal.model.Sink;
import io.rwkv.core.internal.nd4j.Nd4jBridge;
import io.rwkv.core.internal.nd4j.Nd4jResult;
import io.rwkv.core.tensor.TensorFile;

import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * An RWKV language model. Immutable and safe for any number of threads. Each conversation, document or stream has its own
 * {@link RwkvState}. The model owns its weights and its engine; {@link #close()} frees them.
 *
 * <p><b>Reading tokens.</b> {@code forward}, {@code forwardAll}, {@code logits}, {@code allLogits}, {@code hidden} and
 * {@code allHidden} read tokens. Each takes one token or many: one is computed in the recurrent form, many in the parallel
 * form. Both forms give the same results, up to rounding. So does a text that is split over several calls, wherever it is
 * split. A call moves the state to after the last token. If a call fails, the state is as before the call. Token ids are those
 * of the model's tokenizer, 0 to {@link RwkvConfig#vocabularySize()} − 1. Logits are not checked: those of a damaged model may
 * be NaN or infinite. All these methods throw
 * <ul>
 * <li>{@link IllegalArgumentException} if there is no token, if a token is not in the vocabulary, or if the state was made by
 * another model;
 * <li>{@link IllegalStateException} if the model is closed, or if another call is using the state;
 * <li>{@link RwkvFormatException} if the checkpoint was cut short while the model was open.
 * </ul>
 *
 * <p>Arrays that these methods return are new and belong to the caller.
 */
public final class RwkvModel implements AutoCloseable {
    private final RwkvConfig config;
    private final LoadedModel loaded;
    private final Calls calls;
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
        this.calls = new Calls(loaded, config);
        this.lifetime = new EngineLifetime(this, engine, origin);
    }

    /**
     * Loads a model whose dimensions are known. Most callers want {@code io.rwkv.loader.Rwkv.open}, which finds out the
     * dimensions. The caller closes the model.
     *
     * @param file the tensors, under RWKV's own names. The embedding table is read from the file as long as the model is in
     * use
     * @param config the dimensions that the tensors must have
     * @throws RwkvFormatException if a tensor is missing, has the wrong shape, or is not one of the version's; or if a weight
     * cannot be held in the type it is stored in, such as NaN in blocks
     * @throws IllegalStateException if no engine can run, or the engine asked for cannot; the message says what to add
     * @throws IllegalArgumentException if there is no engine of that name, or if it cannot hold these weights in the precision
     * asked for
     */
    public static RwkvModel load(TensorFile file, RwkvConfig config, RwkvOptions options) {
        LoadSpan span = Events.load();
        Engine engine = Engines.create(options.engine(),
                EngineOptions.builder().precision(options.precision()).threads(options.threads()).build());
        try {
            TensorFile tensors = options.ignoreUnknownTensors() ? ModelTensors.withoutUnknown(file, config) : file;
            RwkvModel model = new RwkvModel(config, engine,
                    new LoadedModel(tensors, config, engine, options.progress()), file.toString());
            if (span != null) {
                span.finish(file.toString(), model.engineName(), model.weightBytes());
            }
            return model;
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
    }

    /** Version and dimensions. */
    public RwkvConfig config() {
        return config;
    }

    /** The name of the engine that computes, such as {@code simd} or {@code nd4j}. */
    public String engineName() {
        return engineName;
    }

    /**
     * How many bytes of weights the engine reads to compute one token. Divided by the memory's speed in bytes per second, this
     * is the shortest time in seconds that a token can take, unless weights are skipped ({@link #skippedShare()}).
     */
    public long weightBytes() {
        return weightBytes;
    }

    /**
     * The share of hidden units, from 0 to 1, that the engine has skipped since the model was opened. In trained models the
     * squared relu of the channel mix is exactly zero for most hidden units, and an engine need not read the weights that a
     * zero is multiplied by. Only tokens computed one at a time count.
     *
     * @return empty if no token was computed alone, if the engine skips nothing, or after {@link #close()}
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

    /**
     * A hash of the dimensions and of some values of each tensor. It is the same for the same weights in any file format. A
     * saved state holds it, and is refused by a model that has another one.
     */
    public String fingerprint() {
        return loaded.fingerprint().hash();
    }

    /**
     * A new state that has read no token. If the checkpoint holds a tuned initial state ({@code blocks.N.att.time_state}), the
     * state starts from that. Works after {@link #close()} too.
     */
    public RwkvState newState() {
        return new RwkvState(loaded.fingerprint(), loaded.newState());
    }

    /**
     * A new state that has read no token and starts from a tuned initial state ("state tuning"): the tensors
     * {@code blocks.N.att.time_state} of a file. Formats other than safetensors need {@code rwkv-loader} on the class path.
     *
     * @param tuned the file; it must hold these tensors and no others
     * @throws IllegalArgumentException if the model is an RWKV-4, which has no tuned states
     * @throws RwkvFormatException if the file is damaged, holds other tensors, or does not fit this model's dimensions
     * @throws IOException if the file cannot be read at all
     */
    public RwkvState newState(Path tuned) throws IOException {
        return new RwkvState(loaded.fingerprint(), loaded.loadTunedState(tuned));
    }

    /**
     * Loads a state that {@link RwkvState#save(Path)} wrote.
     *
     * @throws RwkvFormatException if the file is not a state, is a state of another model, has changed since it was saved, or
     * holds infinite values or NaN
     * @throws IOException if the file cannot be read at all
     */
    public RwkvState loadState(Path path) throws IOException {
        return new RwkvState(loaded.fingerprint(), loaded.loadState(path));
    }

    /**
     * Loads a state that {@link RwkvState#save(OutputStream)} wrote. Reads the state's bytes and not one more: other data may
     * follow in the stream. Reads large pieces, so the stream need not be buffered.
     *
     * @param in stays open
     * @throws RwkvFormatException as {@link #loadState(Path)}
     * @throws IOException if the stream cannot be read
     */
    public RwkvState loadState(InputStream in) throws IOException {
        return new RwkvState(loaded.fingerprint(), loaded.loadState(in));
    }

    /**
     * Loads a state from the bytes that {@link RwkvState#toBytes} made.
     *
     * @param saved one state and nothing else; not kept
     * @throws RwkvFormatException as {@link #loadState(Path)}
     */
    public RwkvState stateFrom(byte[] saved) {
        return new RwkvState(loaded.fingerprint(), loaded.loadState(saved));
    }

    /**
     * Reads tokens and returns the logits after the last one, as an ND4J array.
     *
     * @return [vocabulary]: a logit for each token that may come next; float32, row-major, outside any ND4J workspace. The
     * caller owns the array and may close it
     * @throws IllegalStateException if ND4J cannot run; the message says what to add. Then nothing was computed
     */
    public INDArray forward(int[] tokens, RwkvState state) {
        try (Nd4jResult out = Nd4jBridge.vector(config.vocabularySize())) {
            run(tokens, state, Want.LAST_LOGITS, (ops, logits, row, count, token) -> out.add(ops, logits, row, count));
            return out.take();
        }
    }

    /**
     * Reads tokens and returns the logits after each of them, as an ND4J array.
     *
     * @return [tokens, vocabulary]: row t holds the logits after token t; float32, 4 bytes per element, row-major, outside any
     * ND4J workspace. The caller owns the array and may close it
     * @throws IllegalStateException if ND4J cannot run; the message says what to add. Then nothing was computed
     */
    public INDArray forwardAll(int[] tokens, RwkvState state) {
        try (Nd4jResult out = Nd4jBridge.matrix(tokens.length, config.vocabularySize())) {
            run(tokens, state, Want.ALL_LOGITS, (ops, logits, row, count, token) -> out.add(ops, logits, row, count));
            return out.take();
        }
    }

    /**
     * Reads tokens and returns the logits after the last one.
     *
     * @return [vocabulary]: a logit for each token that may come next
     */
    public float[] logits(int[] tokens, RwkvState state) {
        return read(tokens, state, Want.LAST_LOGITS).logits();
    }

    /**
     * Reads tokens and puts the logits after the last one into an array of the caller's, which can be used again.
     *
     * @param to [vocabulary] or longer: receives a logit for each token that may come next
     * @throws IllegalArgumentException if {@code to} is shorter than the vocabulary; otherwise as the class says
     */
    public void logits(int[] tokens, RwkvState state, float[] to) {
        if (to.length < config.vocabularySize()) {
            throw new IllegalArgumentException(
                    "to: expected at least " + config.vocabularySize() + " elements, found " + to.length);
        }
        run(tokens, state, Want.LAST_LOGITS, (ops, logits, row, count, token) -> ops.read(logits, row, 1, to, 0));
    }

    /**
     * Reads tokens and returns the logits after each of them.
     *
     * @return [tokens][vocabulary]: row t holds the logits after token t; 4 bytes per element
     */
    public float[][] allLogits(int[] tokens, RwkvState state) {
        return read(tokens, state, Want.ALL_LOGITS).allLogits();
    }

    /**
     * Reads tokens and returns the hidden vector after the last one: the output of {@code ln_out}, from which {@code head}
     * computes the logits. Sentence embeddings are made from it.
     *
     * @return [width]
     * @throws ArithmeticException if the vector holds NaN or infinity, or only zeros: the model or the state is broken
     */
    public float[] hidden(int[] tokens, RwkvState state) {
        return read(tokens, state, Want.LAST_HIDDEN).hidden();
    }

    /**
     * Reads tokens and returns the hidden vector after each of them, see {@link #hidden}.
     *
     * @return [tokens][width]: row t holds the vector after token t
     * @throws ArithmeticException if a vector holds NaN or infinity, or only zeros: the model or the state is broken
     */
    public float[][] allHidden(int[] tokens, RwkvState state) {
        return read(tokens, state, Want.ALL_HIDDEN).allHidden();
    }

    /**
     * Reads the tokens of several sequences together. The weights are read once for all of them, so that this takes less
     * time than one after another. Their numbers of tokens may differ; there is no padding.
     *
     * <p>Each sequence gets the results that it would get alone, up to rounding. All states move, or if the call fails, none; an
     * array given to {@link Step#into} may then have been written.
     *
     * @param steps one for each sequence
     * @return what each step wanted, in the same order
     * @throws IllegalArgumentException if there is no step, or if two steps have the same state; otherwise as the class says. The
     * message names the step
     * @throws ArithmeticException if a hidden vector holds NaN or infinity, or only zeros; the message names the step
     */
    public List<Output> forward(List<Step> steps) {
        closing.readLock().lock();
        try {
            checkOpen();
            return calls.run(steps.toArray(new Step[0])); // what it is now, whoever may change it
        } finally {
            closing.readLock().unlock();
            Reference.reachabilityFence(this);
        }
    }

    private Output read(int[] tokens, RwkvState state, Want want) {
        Receiver receiver = new Receiver(want, tokens.length, config);
        run(tokens, state, want, receiver);
        return receiver.output();
    }

    private void run(int[] tokens, RwkvState state, Want want, Sink sink) {
        closing.readLock().lock();
        try {
            checkOpen();
            calls.run(tokens, state, want, sink);
        } finally {
            closing.readLock().unlock();
            Reference.reachabilityFence(this); // else the weights could be freed under a call on a forgotten model
        }
    }

    private void checkOpen() {
        if (lifetime.isClosed()) {
            throw new IllegalStateException("model is closed");
        }
    }

    /**
     * Waits for calls in progress, then frees the weights and the engine's threads. The mapping of the checkpoint's file is
     * released later, by the garbage collector. Closing twice is harmless. States stay usable for all that needs no model:
     * reading, copying, saving.
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
