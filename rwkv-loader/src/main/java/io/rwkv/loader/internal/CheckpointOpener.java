package io.rwkv.loader.internal;

import io.rwkv.core.internal.tensor.TensorFileOpener;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.Checkpoints;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens files of all checkpoint formats for {@code rwkv-core}, which reads tuned states with it. Found with
 * {@link java.util.ServiceLoader}; applications use {@link Checkpoints}. Safe for any number of threads.
 */
public final class CheckpointOpener implements TensorFileOpener {
    @Override
    public TensorFile open(Path path) throws IOException {
        return Checkpoints.open(path);
    }
}
