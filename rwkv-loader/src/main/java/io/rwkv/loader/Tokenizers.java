package io.rwkv.loader;

import io.rwkv.core.RwkvConfig;
import io.rwkv.tokenizer.Tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Finds the tokenizer of a checkpoint. Checkpoints do not hold theirs, but the size of the vocabulary tells which of the two
 * published ones it is; any other must be named, or lie beside the checkpoint as {@code tokenizer.json}.
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
     * Loads the tokenizer of a checkpoint: {@value #BPE_20B} for a vocabulary of {@value #SIZE_20B}, {@value #WORLD} for one of
     * {@value #SIZE_WORLD}, else {@value #OTHER}. Looks beside the checkpoint, then, for the two published ones, in the folder
     * that {@value #FOLDER_PROPERTY} or {@value #FOLDER_VARIABLE} names.
     *
     * @throws NoSuchFileException if it is in none of the places, which the message names
     * @throws io.rwkv.tokenizer.TokenizerFormatException if the file is damaged
     * @throws IOException if it cannot be read
     */
    public static Tokenizer forCheckpoint(Path checkpoint, RwkvConfig config) throws IOException {
        String name = switch (config.vocabularySize()) {
            case SIZE_20B -> BPE_20B;
            case SIZE_WORLD -> WORLD;
            default -> OTHER;
        };
        Set<Path> places = new LinkedHashSet<>();
        places.add(checkpoint.toAbsolutePath().normalize().resolveSibling(name));
        String folder = System.getProperty(FOLDER_PROPERTY, System.getenv(FOLDER_VARIABLE));
        if (folder != null && !name.equals(OTHER)) {
            places.add(Path.of(folder).toAbsolutePath().resolve(name));
        }
        for (Path place : places) {
            if (Files.exists(place)) {
                return Tokenizer.load(place);
            }
        }
        throw new NoSuchFileException(name + ", the tokenizer for a vocabulary of " + config.vocabularySize()
                + "; looked for " + places + (name.equals(OTHER)
                        ? "; name one explicitly"
                        : "; name one explicitly, or its folder with the environment variable " + FOLDER_VARIABLE));
    }
}
