package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.internal.GenerationSequence;
import io.rwkv.text.sampling.Sampler;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * The loop of generation in tokens, without a tokenizer: read the prompt, choose a token, read it, choose the next one, and so on.
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
 * The state has read exactly what was given to {@code read}. A token that is chosen but not read does not change it. For one
 * thread. The model and the state stay the caller's; while this is in use, the state belongs to it.
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

    /**
     * Makes a generator that continues from a state.
     *
     * @param state not copied; reading moves it
     * @param sampler chooses the tokens
     */
    public TokenGenerator(RwkvModel model, RwkvState state, Sampler sampler) {
        this.model = Objects.requireNonNull(model, "model");
        this.state = Objects.requireNonNull(state, "state");
        this.sampler = Objects.requireNonNull(sampler, "sampler");
        this.logits = new float[model.config().vocabularySize()];
    }

    /** Reads a token; throws what {@link RwkvModel#logits(int[], RwkvState)} throws. */
    public void read(int token) {
        one[0] = token;
        model.logits(one, state, logits);
        read = true;
    }

    /** Reads tokens, none or more, in pieces of {@value #PIECE}; throws what {@link RwkvModel#logits(int[], RwkvState)} throws. */
    public void read(int[] tokens) {
        read(tokens, () -> false);
    }

    /**
     * Reads tokens until they are all read or the caller cancels. Throws what {@link RwkvModel#logits(int[], RwkvState)} throws; the
     * state has then read the pieces before the one that failed.
     *
     * @param tokens none or more
     * @param cancelled asked before each piece of {@value #PIECE} tokens; true ends the reading
     * @return how many tokens were read; all of them, unless cancelled
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
     * Chooses the next token, without reading it. If called again, it chooses again for the same place; a sampler that remembers what it
     * chose, as for penalties, counts both.
     *
     * @return the token's id, from 0 to the vocabulary's size − 1
     * @throws ArithmeticException if the sampler refuses the logits, as {@link Sampler#choose} says
     * @throws IllegalStateException if no token was read yet, or if the sampler returns an id that is not in the vocabulary
     */
    public int choose() {
        if (!read) {
            throw new IllegalStateException(
                    "no token has been read yet; a state does not keep the logits of its last one");
        }
        return GenerationSequence.choose(sampler, logits);
    }
}
