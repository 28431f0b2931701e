package io.rwkv.loader;

import io.rwkv.core.tensor.TensorFile;
import io.rwkv.core.tensor.TensorFileOpener;

import java.io.IOException;
import java.nio.file.Path;

/** Lets the core read tuned states in the formats of checkpoints. */
public final class CheckpointOpener implements TensorFileOpener {
    @Override
    public TensorFile open(Path path) throws IOException {
        return Checkpoints.open(path);
    }
}
