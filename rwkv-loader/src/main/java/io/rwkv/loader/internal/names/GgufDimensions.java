package io.rwkv.loader.internal.names;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.model.Versions;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.internal.gguf.GgufFile;
import io.rwkv.loader.internal.names.GgufLayout.Rank;

/**
 * Holds what a GGUF file's metadata say of a model's dimensions against its tensors. llama.cpp believes the one, this library
 * the other: where they differ, one of the two would run another model than the file was made of.
 */
public final class GgufDimensions {
    /** The time mix and the channel mix each look at the token before. */
    public static final int TOKEN_SHIFTS = 2;

    private final GgufFile gguf;
    private final String architecture;

    private GgufDimensions(GgufFile gguf, String architecture) {
        this.gguf = gguf;
        this.architecture = architecture;
    }

    /**
     * Finds nothing or throws; nothing in files of other formats.
     *
     * @param file whose tensors have the shapes that the configuration asks for
     */
    public static void check(TensorFile file, RwkvConfig config) {
        file.directory(GgufFile.class).ifPresent(
                gguf -> new GgufDimensions(gguf, Versions.of(config.version()).ggufArchitecture()).checkAll(file,
                        config));
    }

    private void checkAll(TensorFile file, RwkvConfig config) {
        check("feed_forward_length", config.ffnWidth(), "as its tensors have it");
        check("token_shift_count", TOKEN_SHIFTS, "as RWKV has it");
        if (config.heads() > 0) {
            check("wkv.head_size", config.headSize(), "as its tensors have it");
        }
        GgufLayout layout = GgufLayout.of(config.version());
        if (layout == null) {
            return;
        }
        for (Rank rank : layout.ranks()) {
            for (int layer = 0; layer < config.layers(); layer++) {
                String name = GgufLayout.OWN_LAYER + layer + "." + rank.own();
                if (file.contains(name)) {
                    check(rank.key(), file.tensor(name).shape()[rank.dimension()],
                            "as " + file.nameInFile(name) + " has it");
                }
            }
        }
    }

    private void check(String name, long expected, String why) {
        String key = architecture + "." + name;
        long found = gguf.metadata().integer(key, Long.MAX_VALUE).orElse(expected);
        if (found != expected) {
            throw RwkvFormatException.inFile(gguf.file().path(),
                    "expected for " + key + " " + expected + ", " + why + ", found " + found);
        }
    }
}
