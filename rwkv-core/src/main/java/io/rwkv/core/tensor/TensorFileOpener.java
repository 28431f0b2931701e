package io.rwkv.core.tensor;

import java.io.IOException;
import java.nio.file.Path;

/** Opens tensor files of more formats than safetensors; registered with {@link java.util.ServiceLoader}. */
public interface TensorFileOpener {
    /**
     * Opens a file of any format it knows.
     *
     * @throws io.rwkv.core.RwkvFormatException if it is of no known format, or is damaged
     * @throws IOException if it cannot be read at all
     */
    TensorFile open(Path path) throws IOException;
}
