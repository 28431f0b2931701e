package io.rwkv.text;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.Architecture;
import io.rwkv.loader.CheckpointSource;
import io.rwkv.loader.Checkpoints;
import io.rwkv.loader.Tokenizers;
import io.rwkv.text.chat.ChatBuilder;
import io.rwkv.text.chat.ChatSession;
import io.rwkv.text.chat.PromptTemplate;
import io.rwkv.text.embedding.SentenceEncoder;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.text.scoring.Classification;
import io.rwkv.text.scoring.Score;
import io.rwkv.text.scoring.Scorer;
import io.rwkv.text.serving.GenerationService;
import io.rwkv.text.serving.ServiceOptions;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A model with its tokenizer and defaults, opened by one call.
 *
 * <pre>{@code
 * try (TextModel rwkv = TextModel.open(Path.of("rwkv7-g1-0.4b.pth"))) {
 *     String text = rwkv.generate("The Eiffel tower is in");
 *     float[] vector = rwkv.embed("a large metal tower");
 *     int count = rwkv.tokenizer().countTokens(text);
 * }
 * }</pre>
 *
 * Immutable and safe for any number of threads: each text has its own state. Owns the model: closing it closes the model.
 */
public final class TextModel implements AutoCloseable {
    private final RwkvModel model;
    private final Tokenizer tokenizer;
    private final TextGenerator generator;
    private final SentenceEncoder encoder;
    private final Scorer scorer;

    private TextModel(RwkvModel model, Tokenizer tokenizer, GenerationOptions generation, Pooling pooling) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.generator = new TextGenerator(model, tokenizer, generation);
        this.encoder = new SentenceEncoder(model, tokenizer, pooling);
        this.scorer = new Scorer(model, tokenizer);
    }

    /**
     * Opens a checkpoint with its tokenizer, the fastest engine that can run, and the default options. The caller closes the
     * result.
     *
     * @throws IOException and other exceptions as {@link Builder#open()}
     */
    public static TextModel open(Path checkpoint) throws IOException {
        return builder(checkpoint).open();
    }

    /**
     * Opens a checkpoint with its tokenizer and default options for text. The caller closes the result.
     *
     * @param options how to load the model
     * @throws IOException and other exceptions as {@link Builder#open()}
     */
    public static TextModel open(Path checkpoint, RwkvOptions options) throws IOException {
        return builder(checkpoint).options(options).open();
    }

    /**
     * Opens a checkpoint from a file, the class path, or a stream, with the default options. A tokenizer is found inside a GGUF
     * file, or beside a checkpoint that is a file; for all others, give it to {@link #builder(CheckpointSource)}. The caller
     * closes the result.
     *
     * @throws IOException and other exceptions as {@link Builder#open()}
     */
    public static TextModel open(CheckpointSource checkpoint) throws IOException {
        return builder(checkpoint).open();
    }

    /** A builder for a checkpoint's file, to open it with other options, another tokenizer, or other defaults. */
    public static Builder builder(Path checkpoint) {
        return builder(CheckpointSource.path(checkpoint));
    }

    /** A builder for a checkpoint from a file, the class path, or a stream. */
    public static Builder builder(CheckpointSource checkpoint) {
        return new Builder(checkpoint);
    }

    /**
     * Joins a model and its tokenizer, with default options for text.
     *
     * @param model is closed when the result is closed
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model; the model then stays open
     */
    public static TextModel of(RwkvModel model, Tokenizer tokenizer) {
        return new TextModel(model, tokenizer, GenerationOptions.defaults(), Pooling.MEAN);
    }

    /** The model, which takes tokens and gives numbers. Do not close it: close this object. */
    public RwkvModel model() {
        return model;
    }

    /** The model's tokenizer, which also counts tokens. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The options for generation that a request begins with. */
    public GenerationOptions generationOptions() {
        return generator.defaults();
    }

    /** How {@link #embed} makes one vector of the vectors of a text's tokens. */
    public Pooling pooling() {
        return encoder.pooling();
    }

    /** A new state that has read no token. Give it to several requests, one after another, to continue one text. */
    public RwkvState newState() {
        return model.newState();
    }

    /**
     * Continues a text with {@link #generationOptions()} and a new state.
     *
     * @param prompt as in {@link #request(String)}
     * @return the new text, without the prompt
     * @throws IllegalArgumentException as {@link #request(String)}
     * @throws ArithmeticException if the model's logits are NaN or infinite
     * @throws IllegalStateException if the model is closed
     */
    public String generate(String prompt) {
        return generator.generate(prompt);
    }

    /**
     * Prepares to continue a text. The request begins with {@link #generationOptions()}; nothing is computed until it is run.
     *
     * <pre>{@code
     * Generation done = rwkv.request("Once upon a time").stop("\n\n").run(System.out::print);
     * }</pre>
     *
     * @param prompt as in {@link TextGenerator#request(String)}
     * @throws IllegalArgumentException if the prompt is empty and the tokenizer has no end-of-text token to start from
     */
    public Generation.Request request(String prompt) {
        return generator.request(prompt);
    }

    /**
     * Prepares to continue a text that is already encoded; otherwise as {@link #request(String)}.
     *
     * @param prompt the prompt's token ids, at least one; copied
     * @throws IllegalArgumentException if there is no token
     */
    public Generation.Request request(int[] prompt) {
        return generator.request(prompt);
    }

    /**
     * Continues several texts together, each as {@link #generate} does, which takes less time than one after the other.
     *
     * @param prompts none or more; otherwise as {@link TextGenerator#generateAll}, which says what is thrown
     * @return the new texts, without the prompts, in the order of the prompts: a new list
     */
    public List<String> generateAll(List<String> prompts) {
        return generator.generateAll(prompts);
    }

    /**
     * Runs several requests together, each as {@link Generation.Request#run()} does, which takes less time than one after the
     * other.
     *
     * @param requests none or more, of this model; otherwise as {@link TextGenerator#runAll}, which says what is thrown
     * @return the results in the order of the requests: a new list
     */
    public List<Generation> runAll(List<Generation.Request> requests) {
        return generator.runAll(requests);
    }

    /**
     * Opens a service that runs many requests of this model at once, each step in one call of the model.
     *
     * @return to be closed by the caller, before this object
     */
    public GenerationService serve(ServiceOptions options) {
        return new GenerationService(model, options);
    }

    /**
     * Prepares a conversation in the form of the model's family.
     *
     * @return a builder whose {@code open} throws {@link IllegalArgumentException} if the family is not known
     */
    public ChatBuilder chat() {
        ChatBuilder builder = ChatSession.builder(model, tokenizer);
        return generationOptions() == GenerationOptions.defaults() ? builder : builder.options(generationOptions());
    }

    /**
     * Prepares a conversation.
     *
     * <pre>{@code
     * ChatSession chat = rwkv.chat(PromptTemplate.G1).system("You are terse.").thinking(Thinking.SHORT).open();
     * chat.say("Why is the sky blue?", System.out::print);
     * }</pre>
     */
    public ChatBuilder chat(PromptTemplate template) {
        return chat().template(template);
    }

    /** Goes on with a conversation that {@link ChatSession#save} has saved; throws what {@link ChatBuilder#resume} throws. */
    public ChatSession resume(Path session) throws IOException {
        return chat().resume(session);
    }

    /**
     * Turns a text into a vector. The dot product of two such vectors is their cosine similarity.
     *
     * @param text of any length; special tokens in it are not recognised
     * @return [width of the model], finite, of Euclidean length 1; a new array
     * @throws IllegalArgumentException if the text has no tokens
     * @throws ArithmeticException if the model's vectors hold NaN or infinity, or only zeros
     * @throws IllegalStateException if the model is closed
     */
    public float[] embed(String text) {
        return encoder.encode(text);
    }

    /**
     * Turns several texts into vectors together, which takes less time than one after the other.
     *
     * @param texts none or more, each as in {@link #embed}; none may be null
     * @return a vector for each text, in the order of the texts, each as {@link #embed} gives it, up to rounding: a new list of
     * new arrays
     * @throws IllegalArgumentException if a text has no tokens; the message names it, and nothing was computed
     * @throws ArithmeticException as {@link #embed}; the message names the text
     * @throws IllegalStateException if the model is closed
     */
    public List<float[]> embedAll(List<String> texts) {
        return encoder.encodeAll(texts);
    }

    /**
     * Says how likely the model finds a text, token by token. The text is read after the tokenizer's end-of-text token, if there is
     * one. A {@link Scorer} also scores several texts together, and continuations of prompts.
     *
     * @param text of any length; special tokens in it are not recognised
     * @throws IllegalArgumentException if the text has no tokens; or if it has one and the tokenizer has no end-of-text token
     * @throws ArithmeticException if a log-probability is NaN
     * @throws IllegalStateException if the model is closed
     */
    public Score score(String text) {
        return scorer.score(text);
    }

    /**
     * Says which of some labels is the likeliest continuation of a prompt. The prompt is read once, after the tokenizer's
     * end-of-text token, if there is one. A {@link Scorer} also takes lists of prompts.
     *
     * <pre>{@code
     * String label = rwkv.classify("Great phone, weak battery.\nSentiment:", List.of(" positive", " negative")).best();
     * }</pre>
     *
     * @param prompt special tokens in it are not recognised
     * @param labels at least one, each another text of at least one token
     * @throws IllegalArgumentException if there is no label, one of them twice, or one without tokens; or if the prompt has no
     * tokens and the tokenizer has no end-of-text token
     * @throws ArithmeticException if a log-probability is NaN, or if all labels are impossible
     * @throws IllegalStateException if the model is closed
     */
    public Classification classify(String prompt, List<String> labels) {
        return scorer.classify(prompt, labels);
    }

    /** Closes the model: waits for calls in progress, then frees the weights. Closing twice is harmless. */
    @Override
    public void close() {
        model.close();
    }

    /** Collects how to open a checkpoint. For one thread; {@link #open()} may be called several times. */
    public static final class Builder {
        private final CheckpointSource checkpoint;
        private RwkvOptions options = RwkvOptions.defaults();
        private Path tokenizerFile;
        private Tokenizer tokenizer;
        private GenerationOptions generation = GenerationOptions.defaults();
        private Pooling pooling = Pooling.MEAN;

        private Builder(CheckpointSource checkpoint) {
            this.checkpoint = Objects.requireNonNull(checkpoint, "checkpoint");
        }

        /** How to load the model; by default {@link RwkvOptions#defaults()}. */
        public Builder options(RwkvOptions value) {
            options = Objects.requireNonNull(value, "options");
            return this;
        }

        /** The tokenizer's file; by default {@link Tokenizers#forCheckpoint} finds it. Replaces a tokenizer given before. */
        public Builder tokenizer(Path file) {
            tokenizerFile = Objects.requireNonNull(file, "file");
            tokenizer = null;
            return this;
        }

        /** The tokenizer; by default {@link Tokenizers#forCheckpoint} finds it. Replaces a tokenizer or file given before. */
        public Builder tokenizer(Tokenizer value) {
            tokenizer = Objects.requireNonNull(value, "tokenizer");
            tokenizerFile = null;
            return this;
        }

        /** The options for generation that a request begins with; by default {@link GenerationOptions#defaults()}. */
        public Builder generationOptions(GenerationOptions value) {
            generation = Objects.requireNonNull(value, "generationOptions");
            return this;
        }

        /** How {@link TextModel#embed} makes one vector of a text; by default {@link Pooling#MEAN}. */
        public Builder pooling(Pooling value) {
            pooling = Objects.requireNonNull(value, "pooling");
            return this;
        }

        /**
         * Opens the checkpoint. The tokenizer is loaded before the weights, so that a missing one is reported at once. The caller
         * closes the result.
         *
         * @throws io.rwkv.core.RwkvFormatException if the file is not a well-formed RWKV checkpoint (the message says where), or
         * if the tokenizer found for it has more tokens than the model
         * @throws java.nio.file.NoSuchFileException if there is no checkpoint, or no tokenizer; the message says what was looked
         * for and where
         * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer is damaged
         * @throws IOException if a file cannot be read at all
         * @throws IllegalArgumentException if the tokenizer given to this builder has more tokens than the model; if there is no
         * engine of the name asked for; or if it cannot hold the weights in the precision asked for
         * @throws IllegalStateException if the engine asked for cannot run, or if no engine can (the message says what to add); or
         * if the source is a stream that was opened before
         */
        public TextModel open() throws IOException {
            TensorFile file = Checkpoints.open(checkpoint);
            RwkvConfig config = Architecture.detect(file, options);
            Tokenizer own = tokenizer != null
                    ? tokenizer
                    : tokenizerFile != null
                            ? Tokenizer.load(tokenizerFile)
                            : Tokenizers.forCheckpoint(file, config);
            Tokenizers.checkFits(own, config);
            RwkvModel model = RwkvModel.load(file, config, options);
            try {
                return new TextModel(model, own, generation, pooling);
            } catch (RuntimeException | Error e) {
                model.close();
                throw e;
            }
        }
    }
}
