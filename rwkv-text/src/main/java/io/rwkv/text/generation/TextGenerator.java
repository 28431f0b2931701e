package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Tokenizers;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Objects;
import java.util.function.BooleanSupplier;

/** Continues texts. Safe for any number of threads, as each run uses a state of its own or the caller's. */
public final class TextGenerator {
    private final RwkvModel model;
    private final Tokenizer tokenizer;
    private final GenerationOptions defaults;

    /**
     * Generates with {@link GenerationOptions#defaults()}; otherwise as
     * {@link #TextGenerator(RwkvModel, Tokenizer, GenerationOptions)}.
     */
    public TextGenerator(RwkvModel model, Tokenizer tokenizer) {
        this(model, tokenizer, GenerationOptions.defaults());
    }

    /**
     * Neither model nor tokenizer is closed by this class.
     *
     * @param defaults how to generate unless a request says otherwise
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model's vocabulary
     */
    public TextGenerator(RwkvModel model, Tokenizer tokenizer, GenerationOptions defaults) {
        this.model = Objects.requireNonNull(model, "model");
        this.tokenizer = Objects.requireNonNull(tokenizer, "tokenizer");
        this.defaults = Objects.requireNonNull(defaults, "defaults");
        Tokenizers.checkFits(tokenizer, model.config());
    }

    /** How text is generated unless a request says otherwise. */
    public GenerationOptions defaults() {
        return defaults;
    }

    /** Continues a text, and gives what was added; otherwise as {@link #request(String)}. */
    public String generate(String prompt) {
        return request(prompt).run().text();
    }

    /** Continues a text, and gives what was added; otherwise as {@link #request(String)}. */
    public String generate(String prompt, GenerationOptions options) {
        return request(prompt).options(options).run().text();
    }

    /**
     * Prepares to continue a text.
     *
     * @param prompt encoded with the special tokens that it names, as {@code "<|endoftext|>"}, if the tokenizer knows any; may
     * be empty only if the tokenizer has an end-of-text token, which then stands for it
     * @throws IllegalArgumentException if there is nothing to start from
     */
    public Generation.Request request(String prompt) {
        int[] tokens = tokenizer.encode(prompt);
        if (tokens.length == 0) {
            tokens = new int[]{tokenizer.endOfText().orElseThrow(() -> new IllegalArgumentException(
                    "prompt: expected text, found none; this tokenizer has no end-of-text token to start from"))};
        }
        return new Generation.Request(this, tokens, defaults, null, () -> false);
    }

    /**
     * Prepares to continue a text that is already encoded.
     *
     * @param prompt the prompt's tokens, at least one; copied
     * @throws IllegalArgumentException if there is none
     */
    public Generation.Request request(int[] prompt) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("prompt: expected at least one token, found none");
        }
        return new Generation.Request(this, prompt.clone(), defaults, null, () -> false);
    }

    GenerationRun begin(int[] prompt, RwkvState state, GenerationOptions options, BooleanSupplier cancelled) {
        return new GenerationRun(model, tokenizer, prompt, state, options, cancelled);
    }
}
