package io.rwkv.core.tensor;

import io.rwkv.core.RwkvFormatException;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The named tensors of one file, whatever its format, in the file's order. Reading the file's directory has checked that
 * every tensor lies within it; the data is converted when a tensor is read.
 *
 * <p>Immutable and safe for any number of threads.
 */
public final class TensorFile {
    private final Path path;
    private final String format;
    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> metadata;
    private final UnaryOperator<String> nameInFile;

    /**
     * Used by the readers of the formats.
     *
     * @param format the format's name as a user would say it, such as {@code "PyTorch zip"}
     */
    public TensorFile(Path path, String format, Map<String, ? extends StoredTensor> tensors,
            Map<String, String> metadata) {
        this(path, format, tensors, metadata, UnaryOperator.identity());
    }

    /**
     * Used by views of a file under other names than its own.
     *
     * @param format the format's name as a user would say it, such as {@code "PyTorch zip"}
     * @param nameInFile the file's own name for any tensor, be it there or not: error messages use it
     */
    public TensorFile(Path path, String format, Map<String, ? extends StoredTensor> tensors,
            Map<String, String> metadata, UnaryOperator<String> nameInFile) {
        this.path = path;
        this.format = format;
        this.nameInFile = nameInFile;
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        this.metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** The format's name, such as {@code "PyTorch zip"}. */
    public String format() {
        return format;
    }

    /** The tensors' names, in the file's order. */
    public Set<String> names() {
        return tensors.keySet();
    }

    /** The file's own text metadata; empty for formats that have none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Whether a tensor of this name is there. */
    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /** What the file itself calls the tensor of this name, or would call it if it were there. Mostly the same. */
    public String nameInFile(String name) {
        return nameInFile.apply(name);
    }

    /**
     * The tensor of this name.
     *
     * @throws RwkvFormatException if there is none
     */
    public StoredTensor tensor(String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw RwkvFormatException.inTensor(path, nameInFile(name),
                    "missing; the file has " + tensors.size() + " other tensors");
        }
        return tensor;
    }

    /**
     * The tensor of this name with floating-point elements and these dimensions. Dimensions of length 1 may stand anywhere
     * in the file's shape: checkpoints write vectors as {@code [1, 1, C]}.
     *
     * @return a tensor of exactly the expected shape
     * @throws RwkvFormatException if it is missing or is something else
     */
    public StoredTensor tensor(String name, long... expectedShape) {
        StoredTensor tensor = tensor(name);
        if (!tensor.dtype().isFloatingPoint()) {
            throw RwkvFormatException.inTensor(path, nameInFile(name),
                    "expected floating-point elements, found " + tensor.dtype());
        }
        if (!Arrays.equals(squeeze(tensor.shape()), squeeze(expectedShape))) {
            throw RwkvFormatException.inTensor(path, nameInFile(name),
                    "expected shape " + Arrays.toString(expectedShape) + ", found " + Arrays.toString(tensor.shape()));
        }
        return Arrays.equals(tensor.shape(), expectedShape) ? tensor : new Reshaped(tensor, expectedShape.clone());
    }

    /** A tensor without the dimensions of length 1 that its file has, or with more of them. */
    private record Reshaped(StoredTensor tensor, long[] expectedShape) implements StoredTensor {
        @Override
        public String name() {
            return tensor.name();
        }

        @Override
        public DType dtype() {
            return tensor.dtype();
        }

        @Override
        public long[] shape() {
            return expectedShape.clone();
        }

        @Override
        public long length(int dimension) {
            return expectedShape[dimension];
        }

        @Override
        public long elementCount() {
            return tensor.elementCount();
        }

        @Override
        public void read(long first, float[] to, int at, int count) {
            tensor.read(first, to, at, count);
        }
    }

    private static long[] squeeze(long[] shape) {
        return Arrays.stream(shape).filter(n -> n != 1).toArray();
    }

    @Override
    public String toString() {
        return path + " (" + format + ", " + tensors.size() + " tensors)";
    }
}
