package io.rwkv.core.tensor;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens tensor files of more formats than safetensors. Registered with {@link java.util.ServiceLoader}, where the library's
 * own class loader or the calling thread's context class loader sees it.
 */
public interface TensorFileOpener {
    /**
     * Opens a file of any format it knows.
     *
     * @throws io.rwkv.core.RwkvFormatException if it is of no known format, or is damaged
     * @throws IOException if it cannot be read at all
     */
    TensorFile open(Path path) throws IOException;
}
