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
import io.rwkv.text.embedding.SentenceEncoder;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A model, its tokenizer and defaults, opened by one call.
 *
 * <pre>{@code
 * try (TextModel rwkv = TextModel.open(Path.of("rwkv7-g1-0.4b.pth"))) {
 *     String text = rwkv.generate("The Eiffel tower is in");
 *     float[] vector = rwkv.embed("a large metal tower");
 *     int count = rwkv.tokenizer().countTokens(text);
 * }
 * }</pre>
 *
 * Immutable and safe for any number of threads; each text has a state of its own. Closing it closes the model.
 */
public final class TextModel implements AutoCloseable {
    private final RwkvModel model;
    private final Tokenizer tokenizer;
    private final TextGenerator generator;
    private final SentenceEncoder encoder;

    private TextModel(RwkvModel model, Tokenizer tokenizer, GenerationOptions generation, Pooling pooling) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.generator = new TextGenerator(model, tokenizer, generation);
        this.encoder = new SentenceEncoder(model, tokenizer, pooling);
    }

    /**
     * Opens a checkpoint with its tokenizer, the fastest engine that can run, and the usual defaults. The caller closes the
     * model.
     *
     * @throws IOException as {@link Builder#open()} does
     */
    public static TextModel open(Path checkpoint) throws IOException {
        return builder(checkpoint).open();
    }

    /**
     * Opens a checkpoint with its tokenizer and the usual defaults. The caller closes the model.
     *
     * @throws IOException as {@link Builder#open()} does
     */
    public static TextModel open(Path checkpoint, RwkvOptions options) throws IOException {
        return builder(checkpoint).options(options).open();
    }

    /**
     * Opens a checkpoint from anywhere, such as the class path. A tokenizer is found inside of a GGUF file, and beside what is a
     * file; else {@link #builder(CheckpointSource)} takes it. The caller closes the model.
     *
     * @throws IOException as {@link Builder#open()} does
     */
    public static TextModel open(CheckpointSource checkpoint) throws IOException {
        return builder(checkpoint).open();
    }

    /** For a checkpoint that is opened in another way than {@link #open(Path)} does. */
    public static Builder builder(Path checkpoint) {
        return builder(CheckpointSource.path(checkpoint));
    }

    /** For a checkpoint from anywhere, such as the class path. */
    public static Builder builder(CheckpointSource checkpoint) {
        return new Builder(checkpoint);
    }

    /**
     * Puts together a model and its tokenizer, with the usual defaults.
     *
     * @param model closed when the result is closed
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model; the model then stays open
     */
    public static TextModel of(RwkvModel model, Tokenizer tokenizer) {
        return new TextModel(model, tokenizer, GenerationOptions.defaults(), Pooling.MEAN);
    }

    /** The model alone: tokens in, numbers out. */
    public RwkvModel model() {
        return model;
    }

    /** The model's tokenizer, which also counts tokens. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** How text is generated unless a request says otherwise. */
    public GenerationOptions generationOptions() {
        return generator.defaults();
    }

    /** What {@link #embed} makes a text's vector of. */
    public Pooling pooling() {
        return encoder.pooling();
    }

    /** A state that has read nothing, for a request that is to go on from another. */
    public RwkvState newState() {
        return model.newState();
    }

    /**
     * Continues a text, and gives what was added; otherwise as {@link #request(String)}.
     *
     * @throws ArithmeticException if the model gives logits that are not numbers
     * @throws IllegalStateException if the model is closed
     */
    public String generate(String prompt) {
        return generator.generate(prompt);
    }

    /**
     * Prepares to continue a text, with {@link #generationOptions()} unless the request is told otherwise.
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
     * Prepares to continue a text that is already encoded.
     *
     * @param prompt the prompt's tokens, at least one; copied
     * @throws IllegalArgumentException if there is none
     */
    public Generation.Request request(int[] prompt) {
        return generator.request(prompt);
    }

    /**
     * Turns a text into a vector. The dot product of two is their cosine similarity.
     *
     * @return [width of the model], of Euclidean length 1; finite
     * @throws IllegalArgumentException if the text has no tokens
     * @throws ArithmeticException if the model gives vectors that are not numbers, or nothing but zeros
     * @throws IllegalStateException if the model is closed
     */
    public float[] embed(String text) {
        return encoder.encode(text);
    }

    /** Closes the model: frees its weights, after waiting for calls in progress. Closing twice is harmless. */
    @Override
    public void close() {
        model.close();
    }

    /** Collects how to open a checkpoint. For one thread. */
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

        /** The tokenizer's file; by default what {@link Tokenizers#forCheckpoint} finds. Replaces one given before. */
        public Builder tokenizer(Path file) {
            tokenizerFile = Objects.requireNonNull(file, "file");
            tokenizer = null;
            return this;
        }

        /** The tokenizer; by default what {@link Tokenizers#forCheckpoint} finds. Replaces one given before. */
        public Builder tokenizer(Tokenizer value) {
            tokenizer = Objects.requireNonNull(value, "tokenizer");
            tokenizerFile = null;
            return this;
        }

        /** How to generate text unless a request says otherwise; by default {@link GenerationOptions#defaults()}. */
        public Builder generationOptions(GenerationOptions value) {
            generation = Objects.requireNonNull(value, "generationOptions");
            return this;
        }

        /** What to make a text's vector of; by default {@link Pooling#MEAN}. */
        public Builder pooling(Pooling value) {
            pooling = Objects.requireNonNull(value, "pooling");
            return this;
        }

        /**
         * Opens the checkpoint. The tokenizer comes first, so that a missing one is reported before the weights are loaded.
         * The caller closes the model.
         *
         * @throws io.rwkv.core.RwkvFormatException if the file is not a well-formed RWKV checkpoint; the message says where
         * @throws java.nio.file.NoSuchFileException if there is no such file, or no tokenizer: the message says where it was
         * looked for
         * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer's file is damaged
         * @throws IOException if a file cannot be read at all
         * @throws IllegalArgumentException if the tokenizer has more tokens than the model, there is no engine of the name asked
         * for, or weights cannot be held in the precision asked for
         * @throws IllegalStateException if that engine, or none, can run; the message says what to add
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
