package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.sampling.Sampler;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * The loop under all generation, in tokens and without a tokenizer: read, choose, read what was chosen, and so on.
 *
 * <pre>{@code
 * TokenGenerator generator = new TokenGenerator(model, state, sampler);
 * generator.read(prompt);
 * for (int token = generator.choose(); token != end; token = generator.choose()) {
 *     …
 *     generator.read(token);
 * }
 * }</pre>
 *
 * The state has read what was given to {@code read} and nothing else: a token that is chosen and not read leaves no trace.
 * For one thread; neither the model nor the state is closed or copied.
 */
public final class TokenGenerator {
    /** So many tokens are read at a time; between them the caller may cancel. */
    private static final int PIECE = 512;

    private final RwkvModel model;
    private final RwkvState state;
    private final Sampler sampler;
    private final float[] logits;
    private final int[] one = new int[1];
    private boolean read;

    /** Goes on from the state, which moves. */
    public TokenGenerator(RwkvModel model, RwkvState state, Sampler sampler) {
        this.model = Objects.requireNonNull(model, "model");
        this.state = Objects.requireNonNull(state, "state");
        this.sampler = Objects.requireNonNull(sampler, "sampler");
        this.logits = new float[model.config().vocabularySize()];
    }

    /** Reads a token; otherwise as {@link RwkvModel#logits(int[], RwkvState)}. */
    public void read(int token) {
        one[0] = token;
        model.logits(one, state, logits);
        read = true;
    }

    /** Reads tokens, none or many; otherwise as {@link RwkvModel#logits(int[], RwkvState)}. */
    public void read(int[] tokens) {
        read(tokens, () -> false);
    }

    /**
     * Reads tokens until the caller wants no more; otherwise as {@link RwkvModel#logits(int[], RwkvState)}. If that fails
     * after some pieces, the state has read these.
     *
     * @param cancelled asked before each piece of {@value #PIECE} tokens
     * @return how many tokens were read; all unless cancelled
     */
    public int read(int[] tokens, BooleanSupplier cancelled) {
        int done = 0;
        while (done < tokens.length && !cancelled.getAsBoolean()) {
            int end = Math.min(tokens.length, done + PIECE);
            model.logits(Arrays.copyOfRange(tokens, done, end), state, logits);
            read = true;
            done = end;
        }
        return done;
    }

    /**
     * Chooses the token to follow what was read, without reading it. Called again, it chooses again at the same place.
     *
     * @return its id
     * @throws ArithmeticException if the model gives logits that are not numbers
     * @throws IllegalStateException if nothing was read, or the sampler gives what is no token
     */
    public int choose() {
        if (!read) {
            throw new IllegalStateException(
                    "no token has been read yet; a state does not keep the logits of its last one");
        }
        int token = sampler.choose(logits);
        if (token < 0 || token >= logits.length) {
            throw new IllegalStateException(
                    "sampler: expected a token from 0 to " + (logits.length - 1) + ", found " + token);
        }
        return token;
    }
}
