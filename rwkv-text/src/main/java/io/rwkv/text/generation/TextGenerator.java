package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Tokenizers;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * Continues texts with a model and its tokenizer. Safe for any number of threads: each run has its own state, or one that the
 * caller gave. Does not own the model: the caller closes it.
 */
public final class TextGenerator {
    private final RwkvModel model;
    private final Tokenizer tokenizer;
    private final GenerationOptions defaults;

    /**
     * Makes a generator with {@link GenerationOptions#defaults()}.
     *
     * @param model is not closed by this class
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model
     */
    public TextGenerator(RwkvModel model, Tokenizer tokenizer) {
        this(model, tokenizer, GenerationOptions.defaults());
    }

    /**
     * Makes a generator.
     *
     * @param model is not closed by this class
     * @param defaults the options that a request begins with
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model
     */
    public TextGenerator(RwkvModel model, Tokenizer tokenizer, GenerationOptions defaults) {
        this.model = Objects.requireNonNull(model, "model");
        this.tokenizer = Objects.requireNonNull(tokenizer, "tokenizer");
        this.defaults = Objects.requireNonNull(defaults, "defaults");
        Tokenizers.checkFits(tokenizer, model.config());
    }

    /** The options that a request begins with. */
    public GenerationOptions defaults() {
        return defaults;
    }

    /**
     * Continues a text with {@link #defaults()} and a new state.
     *
     * @param prompt as in {@link #request(String)}
     * @return the new text, without the prompt
     * @throws IllegalArgumentException as {@link #request(String)}
     * @throws ArithmeticException if the model's logits are NaN or infinite
     * @throws IllegalStateException if the model is closed
     */
    public String generate(String prompt) {
        return request(prompt).run().text();
    }

    /**
     * Continues a text with these options and a new state; otherwise as {@link #generate(String)}.
     *
     * @return the new text, without the prompt
     */
    public String generate(String prompt, GenerationOptions options) {
        return request(prompt).options(options).run().text();
    }

    /**
     * Prepares to continue a text. Nothing is computed until the request is run.
     *
     * @param prompt the text, encoded by {@link Tokenizer#encode}: names of special tokens in it, such as
     * {@code "<|endoftext|>"}, become these tokens. For an empty prompt the tokenizer's end-of-text token is read
     * @throws IllegalArgumentException if the prompt is empty and the tokenizer has no end-of-text token
     */
    public Generation.Request request(String prompt) {
        int[] tokens = tokenizer.encode(prompt);
        if (tokens.length == 0) {
            tokens = new int[]{tokenizer.endOfText().orElseThrow(() -> new IllegalArgumentException(
                    "prompt: expected text, found none; this tokenizer has no end-of-text token to start from"))};
        }
        return new Generation.Request(this, tokens, defaults, null, Generation.Request.NEVER);
    }

    /**
     * Prepares to continue a text that is already encoded; otherwise as {@link #request(String)}.
     *
     * @param prompt the prompt's token ids, at least one; copied
     * @throws IllegalArgumentException if there is no token
     */
    public Generation.Request request(int[] prompt) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("prompt: expected at least one token, found none");
        }
        return new Generation.Request(this, prompt.clone(), defaults, null, Generation.Request.NEVER);
    }

    RwkvModel model() {
        return model;
    }

    Tokenizer tokenizer() {
        return tokenizer;
    }

    GenerationRun begin(int[] prompt, RwkvState state, GenerationOptions options, BooleanSupplier cancelled) {
        return new GenerationRun(model, tokenizer, prompt, state, options, cancelled);
    }
}
