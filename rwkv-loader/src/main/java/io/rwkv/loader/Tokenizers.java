package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.MappedFile;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Finds the tokenizer of a checkpoint. A GGUF file may hold its own. Other checkpoints do not, but the size of the vocabulary
 * tells which of the two published ones it is; any other must be named, or lie beside the checkpoint as
 * {@code tokenizer.json}. Nothing is guessed: where no tokenizer lies under the name expected, the error lists those that do
 * lie there.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class Tokenizers {
    /** The system property that names a folder of vocabulary files. */
    public static final String FOLDER_PROPERTY = "rwkv.tokenizers";
    /** The environment variable that names one where the property is not set. */
    public static final String FOLDER_VARIABLE = "RWKV_TOKENIZERS";

    private Tokenizers() {
    }

    /**
     * Loads the tokenizer that a checkpoint itself holds: the World vocabulary of a GGUF file as llama.cpp writes it
     * ({@code tokenizer.ggml.model} is {@code rwkv}), or a GGUF file's {@code tokenizer.huggingface.json}.
     *
     * @return empty if it holds none, or is no GGUF file
     * @throws io.rwkv.core.RwkvFormatException if the GGUF file is damaged
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer in it is
     * @throws IOException if the file cannot be read
     */
    public static Optional<Tokenizer> inCheckpoint(Path checkpoint) throws IOException {
        byte[] magic;
        try (InputStream in = Files.newInputStream(checkpoint)) {
            magic = in.readNBytes(GgufFile.MAGIC.length());
        }
        return new String(magic, StandardCharsets.ISO_8859_1).equals(GgufFile.MAGIC)
                ? GgufTokenizer.read(GgufFile.read(MappedFile.open(checkpoint)))
                : Optional.empty();
    }

    /**
     * As {@link #inCheckpoint(Path)}, for a checkpoint that is open: a GGUF file is not read again.
     *
     * @param checkpoint as {@link Checkpoints} opens it
     */
    public static Optional<Tokenizer> inCheckpoint(TensorFile checkpoint) throws IOException {
        Optional<GgufFile> gguf = checkpoint.directory(GgufFile.class);
        return gguf.isPresent() ? GgufTokenizer.read(gguf.get()) : Optional.empty();
    }

    /**
     * Loads the tokenizer of a checkpoint: the one that the file holds, else the file that {@link #fileFor} finds. One that
     * leaves many of the model's rows unused is taken with a warning in the log, as {@link #checkFits} gives it.
     *
     * @param checkpoint the checkpoint's file, or the folder of its files
     * @throws NoSuchFileException if it is in none of the places; the message names them, and what other tokenizers lie there
     * @throws io.rwkv.core.RwkvFormatException if the checkpoint is a GGUF file that is damaged, or the tokenizer has more
     *         tokens than the model
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer is damaged
     * @throws IOException if it cannot be read
     */
    public static Tokenizer forCheckpoint(Path checkpoint, RwkvConfig config) throws IOException {
        Optional<Tokenizer> own = Files.isRegularFile(checkpoint) ? inCheckpoint(checkpoint) : Optional.empty();
        return own.isPresent() ? fitting(own.get(), checkpoint, config) : beside(checkpoint, config);
    }

    /**
     * As {@link #forCheckpoint(Path, RwkvConfig)}, for a checkpoint that is open: a GGUF file is not read again, and one from
     * the class path or a stream can have its tokenizer inside.
     *
     * @param checkpoint as {@link Checkpoints} opens it
     */
    public static Tokenizer forCheckpoint(TensorFile checkpoint, RwkvConfig config) throws IOException {
        Optional<Tokenizer> own = inCheckpoint(checkpoint);
        return own.isPresent()
                ? fitting(own.get(), checkpoint.path(), config)
                : beside(checkpoint.path(), config);
    }

    private static Tokenizer beside(Path checkpoint, RwkvConfig config) throws IOException {
        TokenizerPlaces places = new TokenizerPlaces(checkpoint, config);
        Path file = places.file().orElseThrow(places::notFound);
        return fitting(Tokenizer.load(file), file, config);
    }

    private static Tokenizer fitting(Tokenizer tokenizer, Path file, RwkvConfig config) {
        if (tokenizer.vocabularySize() > config.vocabularySize()) {
            throw RwkvFormatException.inFile(file, "expected a tokenizer of at most " + config.vocabularySize()
                    + " tokens, found " + tokenizer.vocabularySize());
        }
        TokenizerFit.check(tokenizer, config);
        return tokenizer;
    }

    /**
     * Checks that a tokenizer can be that of a model. Whatever puts the two together calls this.
     *
     * <p>A tokenizer with fewer tokens than the model has rows is taken, as checkpoints have spare ones. If it leaves more
     * than 512 of them, it is probably another model's: every text would be encoded to ids that mean something else. That is
     * one warning in the log, once for each tokenizer and size of model.
     *
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model
     */
    public static void checkFits(Tokenizer tokenizer, RwkvConfig config) {
        TokenizerFit.check(tokenizer, config);
    }

    /**
     * The file that {@link #forCheckpoint} loads for a checkpoint that holds no tokenizer itself. The size of the model's
     * vocabulary tells what is looked for:
     * <ul>
     * <li>50,277: {@code 20B_tokenizer.json}, beside the checkpoint, then in the folder that {@value #FOLDER_PROPERTY} or
     * {@value #FOLDER_VARIABLE} names;
     * <li>65,536 or 65,530: {@code rwkv_vocab_v20230424.txt}, in the same places;
     * <li>up to 512 more than 50,277 or 65,530, as in padded checkpoints, 50,304 among them: the same file, but only beside
     * the checkpoint, else {@code tokenizer.json} beside it;
     * <li>any other: {@code tokenizer.json} beside the checkpoint.
     * </ul>
     *
     * @param checkpoint the checkpoint's file, or the folder of its files
     * @return empty if there is none in any of the places
     */
    public static Optional<Path> fileFor(Path checkpoint, RwkvConfig config) {
        return new TokenizerPlaces(checkpoint, config).file();
    }
}
