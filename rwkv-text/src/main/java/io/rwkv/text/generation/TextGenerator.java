package io.rwkv.text.generation;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Tokenizers;
import io.rwkv.text.internal.TextList;
import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.List;
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
        return request(tokenizer.encode(prompt), "prompt");
    }

    private Generation.Request request(int[] encoded, String name) {
        int[] tokens = encoded.length > 0
                ? encoded
                : new int[]{tokenizer.endOfText().orElseThrow(() -> new IllegalArgumentException(
                        name + ": expected text, found none; this tokenizer has no end-of-text token to start from"))};
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

    /**
     * Continues several texts together, each as {@link #generate(String)} does. The weights are read once for all of them, so that
     * this takes less time than one after another.
     *
     * @param prompts none or more, each as in {@link #request(String)}; none may be null
     * @return the new texts, without the prompts, in the order of the prompts: a new list
     * @throws IllegalArgumentException as {@link #request(String)}; the message names the prompt, and nothing was computed
     * @throws ArithmeticException as {@link #generate(String)}; the message names the request
     * @throws IllegalStateException if the model is closed
     */
    public List<String> generateAll(List<String> prompts) {
        List<Generation.Request> requests = new ArrayList<>(prompts.size());
        for (String prompt : prompts) {
            String name = TextList.name("prompts", requests.size());
            int[] tokens = tokenizer.encode(Objects.requireNonNull(prompt, name));
            requests.add(request(tokens, name));
        }
        return runAll(requests).stream().map(Generation::text).toList();
    }

    /**
     * Runs several requests together in this thread, at most 32 at once, and fewer where memory is short: long and short ones without
     * padding, each new one as soon as there is room. Each gives what {@link Generation.Request#run()} gives, at the same seed, as
     * far as the engine computes the same bits for one row as for many; otherwise up to rounding, which can change what is
     * chosen.
     *
     * <p>A request whose {@link Generation.Request#cancelledWhen} condition is true ends there, and the others go on. To get pieces
     * of text as they come, priorities, deadlines or failures that end one request only, use a
     * {@link io.rwkv.text.serving.GenerationService}.
     *
     * <p>If anything fails, the whole list ends: what {@link Generation.Request#run()} throws for the first request to fail is thrown
     * here, and no state has moved. The message names the request ({@code requests[3]: …}); an exception of a type of the caller's own is
     * thrown as it is, with a suppressed one that names it.
     *
     * @param requests none or more, for this generator's model. Those with a state need one each; it is copied, and moves when all have
     * ended
     * @return the results in the order of the requests: a new list
     * @throws IllegalArgumentException if a request is for another model, if two have the same state, or as
     * {@link Generation.Request#run()}; the message names the request
     * @throws ArithmeticException as {@link Generation.Request#run()}; the message names the request
     * @throws IllegalStateException as {@link Generation.Request#run()}; the message names the request
     */
    public List<Generation> runAll(List<Generation.Request> requests) {
        return GenerationList.run(model, requests);
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
