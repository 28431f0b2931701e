package io.rwkv.core.internal.tensor;

import io.rwkv.core.tensor.TensorFile;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Opens tensor files of more formats than safetensors. Safe for any number of threads. Registered for
 * {@link java.util.ServiceLoader}, which looks with the library's own class loader and with the context class loader of the
 * calling thread.
 */
public interface TensorFileOpener {
    /**
     * Opens a file of any format that it knows.
     *
     * @throws io.rwkv.core.RwkvFormatException if the file is damaged, or of a format that it does not know
     * @throws IOException if the file cannot be read at all
     */
    TensorFile open(Path path) throws IOException;
}
