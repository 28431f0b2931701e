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
 * The file is mapped, and the embedding table is read from it as long as the model is in use. So do not write into the file: to
 * replace a checkpoint, move a new file to its place. All other weights are copied into memory, by the ND4J engine with 4 bytes
 * per parameter. All methods are safe for any number of threads.
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
     * @throws IllegalArgumentException if there is no engine of the name asked for, or if it cannot hold the weights in the
     * precision asked for
     * @throws IllegalStateException if the engine asked for cannot run, or if no engine can; the message says what to add
     */
    public static RwkvModel open(Path checkpoint, RwkvOptions options) throws IOException {
        return load(Checkpoints.open(checkpoint), options);
    }

    /**
     * Opens a checkpoint from a file, the class path, or a stream, with the fastest engine that can run here. The caller closes
     * the model.
     *
     * @throws io.rwkv.core.RwkvFormatException if it is not a well-formed RWKV checkpoint; the message says where
     * @throws IOException if it cannot be read at all, or if the disk has no room for a copy
     * @throws IllegalStateException if no engine can run (the message says what to add), or if the source is a stream that was
     * opened before
     */
    public static RwkvModel open(CheckpointSource checkpoint) throws IOException {
        return open(checkpoint, RwkvOptions.defaults());
    }

    /**
     * Opens a checkpoint from a file, the class path, or a stream. The caller closes the model.
     *
     * @throws io.rwkv.core.RwkvFormatException if it is not a well-formed RWKV checkpoint; the message says where
     * @throws IOException if it cannot be read at all, or if the disk has no room for a copy
     * @throws IllegalArgumentException as {@link #open(Path, RwkvOptions)}
     * @throws IllegalStateException as {@link #open(Path, RwkvOptions)}, or if the source is a stream that was opened before
     */
    public static RwkvModel open(CheckpointSource checkpoint, RwkvOptions options) throws IOException {
        return load(Checkpoints.open(checkpoint), options);
    }

    private static RwkvModel load(TensorFile file, RwkvOptions options) throws IOException {
        return RwkvModel.load(file, Architecture.detect(file, options), options);
    }
}
