package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.MappedFile;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the tokenizer of a checkpoint. A GGUF file may hold its own. Other checkpoints do not, but the size of the vocabulary
 * tells which of the two published ones it is; any other must be named, or lie beside the checkpoint as
 * {@code tokenizer.json}.
 *
 * <p>All methods are safe for any number of threads.
 */
public final class Tokenizers {
    /** The system property that names a folder of vocabulary files. */
    public static final String FOLDER_PROPERTY = "rwkv.tokenizers";
    /** The environment variable that names one where the property is not set. */
    public static final String FOLDER_VARIABLE = "RWKV_TOKENIZERS";

    private static final String BPE_20B = "20B_tokenizer.json";
    private static final int SIZE_20B = 50277;
    private static final String WORLD = "rwkv_vocab_v20230424.txt";
    private static final int SIZE_WORLD = 65536; // rows in checkpoints; the vocabulary has 65530 ids
    private static final String OTHER = "tokenizer.json";

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
     * Loads the tokenizer of a checkpoint: the one that the file holds, else {@value #BPE_20B} for a vocabulary of {@value #SIZE_20B}, {@value #WORLD} for one of
     * {@value #SIZE_WORLD}, else {@value #OTHER}. Looks beside the checkpoint, then, for the two published ones, in the folder
     * that {@value #FOLDER_PROPERTY} or {@value #FOLDER_VARIABLE} names.
     *
     * @throws NoSuchFileException if it is in none of the places, which the message names
     * @throws io.rwkv.core.RwkvFormatException if the checkpoint is a GGUF file that is damaged, or whose tokenizer has more
     *         tokens than the model
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the file is damaged
     * @throws IOException if it cannot be read
     */
    public static Tokenizer forCheckpoint(Path checkpoint, RwkvConfig config) throws IOException {
        if (Files.exists(checkpoint)) {
            Optional<Tokenizer> own = inCheckpoint(checkpoint);
            if (own.isPresent()) {
                if (own.get().vocabularySize() > config.vocabularySize()) {
                    throw RwkvFormatException.inFile(checkpoint, "expected a tokenizer of at most "
                            + config.vocabularySize() + " tokens, found " + own.get().vocabularySize());
                }
                return own.get();
            }
        }
        Optional<Path> file = fileFor(checkpoint, config);
        if (file.isPresent()) {
            return Tokenizer.load(file.get());
        }
        String name = nameFor(config);
        throw new NoSuchFileException(name + ", the tokenizer for a vocabulary of " + config.vocabularySize()
                + "; looked for " + places(checkpoint, name) + (name.equals(OTHER)
                        ? "; name one explicitly"
                        : "; name one explicitly, or its folder with the environment variable " + FOLDER_VARIABLE));
    }

    /**
     * The file that {@link #forCheckpoint} loads for a checkpoint that holds no tokenizer itself.
     *
     * @return empty if there is none in any of the places
     */
    public static Optional<Path> fileFor(Path checkpoint, RwkvConfig config) {
        return places(checkpoint, nameFor(config)).stream().filter(Files::exists).findFirst();
    }

    private static String nameFor(RwkvConfig config) {
        return switch (config.vocabularySize()) {
            case SIZE_20B -> BPE_20B;
            case SIZE_WORLD -> WORLD;
            default -> OTHER;
        };
    }

    private static Set<Path> places(Path checkpoint, String name) {
        Set<Path> places = new LinkedHashSet<>();
        places.add(checkpoint.toAbsolutePath().normalize().resolveSibling(name));
        String folder = System.getProperty(FOLDER_PROPERTY, System.getenv(FOLDER_VARIABLE));
        if (folder != null && !name.equals(OTHER)) {
            places.add(Path.of(folder).toAbsolutePath().resolve(name));
        }
        return places;
    }
}
