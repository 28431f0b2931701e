package io.rwkv.loader;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens RWKV checkpoints.
 *
 * <pre>{@code
 * try (RwkvModel model = Rwkv.open(Path.of("model.pth"))) {
 *     RwkvState state = model.newState();
 *     float[] logits = model.logits(tokens, state);
 * }
 * }</pre>
 *
 * The file is mapped and its embedding table read from it as long as the model lives: replace a checkpoint by moving a new file
 * to its place, not by writing into it. The ND4J engine needs 4 bytes of memory per parameter beside that. Safe for any number
 * of threads.
 */
public final class Rwkv {
    private Rwkv() {
    }

    /**
     * Opens a checkpoint with the fastest engine that can run here. The caller closes the model.
     *
     * @throws io.rwkv.core.RwkvFormatException if the file is not a well-formed RWKV checkpoint; the message says where
     * @throws IOException if it cannot be read at all
     * @throws IllegalStateException if no engine can run; the message says what to add
     */
    public static RwkvModel open(Path checkpoint) throws IOException {
        return open(checkpoint, RwkvOptions.defaults());
    }

    /**
     * Opens a checkpoint. The caller closes the model.
     *
     * @throws io.rwkv.core.RwkvFormatException if the file is not a well-formed RWKV checkpoint; the message says where
     * @throws IOException if it cannot be read at all
     * @throws IllegalArgumentException if there is no engine of the name asked for, or weights cannot be held in the precision
     * asked for
     * @throws IllegalStateException if that engine, or none, can run; the message says what to add
     */
    public static RwkvModel open(Path checkpoint, RwkvOptions options) throws IOException {
        return load(Checkpoints.open(checkpoint), options);
    }

    /**
     * Opens a checkpoint from anywhere, such as the class path. The caller closes the model.
     *
     * @throws io.rwkv.core.RwkvFormatException if it is not a well-formed RWKV checkpoint; the message says where
     * @throws IOException if it cannot be read at all, or the disk has no room for a copy
     * @throws IllegalStateException if no engine can run; the message says what to add
     */
    public static RwkvModel open(CheckpointSource checkpoint) throws IOException {
        return open(checkpoint, RwkvOptions.defaults());
    }

    /** As {@link #open(CheckpointSource)} and {@link #open(Path, RwkvOptions)}. */
    public static RwkvModel open(CheckpointSource checkpoint, RwkvOptions options) throws IOException {
        return load(Checkpoints.open(checkpoint), options);
    }

    private static RwkvModel load(TensorFile file, RwkvOptions options) throws IOException {
        return RwkvModel.load(file, Architecture.detect(file, options), options);
    }
}
