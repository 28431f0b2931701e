package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.gguf.GgufFile;
import io.rwkv.loader.internal.gguf.GgufTokenizer;
import io.rwkv.tokenizer.Tokenizer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Finds the tokenizer of a checkpoint. A GGUF file may hold its tokenizer. Other checkpoints do not; for them, the size of the
 * vocabulary decides which file to look for, see {@link #fileFor}. Nothing is guessed: if the expected file is not there, the
 * error says so and lists the tokenizer files that are.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class Tokenizers {
    /** The system property that names a folder of tokenizer files. */
    public static final String FOLDER_PROPERTY = TokenizerPlaces.FOLDER_PROPERTY;
    /** The environment variable that names a folder of tokenizer files, used if the system property is not set. */
    public static final String FOLDER_VARIABLE = TokenizerPlaces.FOLDER_VARIABLE;

    private static final Logger LOG = LoggerFactory.getLogger(Tokenizers.class);

    private Tokenizers() {
    }

    /**
     * Loads the tokenizer that is inside a checkpoint: the World vocabulary of a GGUF file, in the form that llama.cpp writes
     * ({@code tokenizer.ggml.model} is {@code rwkv}), or a GGUF file's {@code tokenizer.huggingface.json}.
     *
     * @return empty if the checkpoint holds no tokenizer or one of another kind, or is not a GGUF file
     * @throws io.rwkv.core.RwkvFormatException if the GGUF file is damaged
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer in it is damaged
     * @throws IOException if the file cannot be read
     */
    public static Optional<Tokenizer> inCheckpoint(Path checkpoint) throws IOException {
        return inside(gguf(checkpoint));
    }

    private static Optional<Tokenizer> inside(Optional<GgufFile> gguf) throws IOException {
        return gguf.isPresent() ? GgufTokenizer.read(gguf.get()) : Optional.empty();
    }

    private static Optional<GgufFile> gguf(Path checkpoint) throws IOException {
        byte[] magic;
        try (InputStream in = Files.newInputStream(checkpoint)) {
            magic = in.readNBytes(GgufFile.MAGIC.length());
        }
        return new String(magic, StandardCharsets.ISO_8859_1).equals(GgufFile.MAGIC)
                ? Optional.of(GgufFile.read(MappedFile.open(checkpoint)))
                : Optional.empty();
    }

    /**
     * As {@link #inCheckpoint(Path)}, for a checkpoint that is already open. A GGUF file is not parsed again.
     *
     * @param checkpoint as {@link Checkpoints#open(Path)} returns it
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer in it is damaged
     */
    public static Optional<Tokenizer> inCheckpoint(TensorFile checkpoint) throws IOException {
        return inside(checkpoint.directory(GgufFile.class));
    }

    /**
     * Loads the tokenizer of a checkpoint: the one inside the file, or else the file that {@link #fileFor} finds. If it leaves
     * many of the model's rows unused, a warning is logged, see {@link #checkFits}; likewise if the one inside the file is of
     * another kind, so that a file is taken instead.
     *
     * @param checkpoint the checkpoint's file, or the folder that it is in
     * @throws NoSuchFileException if there is no tokenizer; the message says what was looked for, where, and which other tokenizer
     *         files are there
     * @throws io.rwkv.core.RwkvFormatException if the checkpoint is a damaged GGUF file, or if the tokenizer has more tokens than
     *         the model
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer is damaged
     * @throws IOException if a file cannot be read
     */
    public static Tokenizer forCheckpoint(Path checkpoint, RwkvConfig config) throws IOException {
        return forCheckpoint(checkpoint, Files.isRegularFile(checkpoint) ? gguf(checkpoint) : Optional.empty(), config);
    }

    /**
     * As {@link #forCheckpoint(Path, RwkvConfig)}, for a checkpoint that is already open. A GGUF file is not parsed again. For a
     * checkpoint that is not a file of its own (a stream, a resource in a jar), only the tokenizer inside it is found.
     *
     * @param checkpoint as {@link Checkpoints#open(CheckpointSource)} returns it
     * @throws NoSuchFileException as {@link #forCheckpoint(Path, RwkvConfig)}
     * @throws io.rwkv.core.RwkvFormatException if the tokenizer has more tokens than the model
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the tokenizer is damaged
     * @throws IOException if a file cannot be read
     */
    public static Tokenizer forCheckpoint(TensorFile checkpoint, RwkvConfig config) throws IOException {
        return forCheckpoint(checkpoint.path(), checkpoint.directory(GgufFile.class), config);
    }

    private static Tokenizer forCheckpoint(Path checkpoint, Optional<GgufFile> gguf, RwkvConfig config)
            throws IOException {
        Optional<Tokenizer> own = inside(gguf);
        if (own.isPresent()) {
            return fitting(own.get(), checkpoint, config);
        }
        Optional<String> foreign = gguf.flatMap(GgufTokenizer::foreignKind);
        TokenizerPlaces places = new TokenizerPlaces(checkpoint, config, foreign);
        Path file = places.file().orElseThrow(places::notFound);
        foreign.ifPresent(kind -> LOG.warn("{}: the tokenizer in the checkpoint is of the kind \"{}\", which is not "
                + "read; {} is taken instead", checkpoint, kind, file));
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
     * Checks that a tokenizer fits a model. {@code TextModel} and all that joins a model and a tokenizer call this.
     *
     * <p>A tokenizer may have fewer tokens than the model, as checkpoints have spare rows. If more than 512 rows stay unused, the
     * tokenizer is probably that of another model, and its ids mean something else to this one. Then a warning is logged, once
     * for each tokenizer and vocabulary size.
     *
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model
     */
    public static void checkFits(Tokenizer tokenizer, RwkvConfig config) {
        TokenizerFit.check(tokenizer, config);
    }

    /**
     * The file that {@link #forCheckpoint} loads if no tokenizer is inside the checkpoint. The size of the model's vocabulary
     * decides which files are looked for; the first one that exists is taken:
     * <ul>
     * <li>50,277: {@code 20B_tokenizer.json}, in the checkpoint's folder, then in the folder that {@value #FOLDER_PROPERTY} or
     * {@value #FOLDER_VARIABLE} names;
     * <li>65,536 or 65,530: {@code rwkv_vocab_v20230424.txt}, in the same two places;
     * <li>up to 512 more than 50,277 or than 65,530 (such as 50,304, a padded vocabulary): the same file, but only in the
     * checkpoint's folder, then {@code tokenizer.json} in that folder;
     * <li>any other size: {@code tokenizer.json} in the checkpoint's folder.
     * </ul>
     *
     * @param checkpoint the checkpoint's file, or the folder that it is in
     * @return empty if there is no such file
     */
    public static Optional<Path> fileFor(Path checkpoint, RwkvConfig config) {
        return new TokenizerPlaces(checkpoint, config, Optional.empty()).file();
    }

    /**
     * What to tell a user where {@link #fileFor} is empty: what was looked for and where, which other tokenizer files lie there,
     * and of which kind the tokenizer inside the checkpoint is, if it is one that this library does not read.
     *
     * @param checkpoint as {@link Checkpoints#open(Path)} returns it
     * @return the message of the exception that {@link #forCheckpoint} throws then
     */
    public static String whyNone(TensorFile checkpoint, RwkvConfig config) {
        return new TokenizerPlaces(checkpoint.path(), config,
                checkpoint.directory(GgufFile.class).flatMap(GgufTokenizer::foreignKind)).notFound().getMessage();
    }
}
