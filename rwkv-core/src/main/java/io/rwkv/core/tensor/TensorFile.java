package io.rwkv.core.tensor;

import io.rwkv.core.RwkvFormatException;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The named tensors of one file, whatever its format, in the file's order. Reading the file's directory has checked that
 * every tensor lies within it; the data is converted when a tensor is read.
 *
 * <p>A file may also hold tensors of element types that this library does not read. They are listed as all others, and are an
 * error only when they are asked for.
 *
 * <p>Immutable and safe for any number of threads.
 */
public final class TensorFile {
    private final Path path;
    private final String format;
    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> unread; // element types by name
    private final Set<String> names;
    private final Map<String, String> metadata;
    private final UnaryOperator<String> nameInFile;
    private final Object directory;

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
        this(builder(path, format).tensors(tensors).metadata(metadata).nameInFile(nameInFile));
    }

    private TensorFile(Builder builder) {
        this.path = builder.path;
        this.format = builder.format;
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(builder.tensors));
        this.unread = Collections.unmodifiableMap(new LinkedHashMap<>(builder.unread));
        this.names = unread.isEmpty()
                ? tensors.keySet()
                : Collections.unmodifiableSet(new LinkedHashSet<>(builder.names));
        this.metadata = Collections.unmodifiableMap(new LinkedHashMap<>(builder.metadata));
        this.nameInFile = builder.nameInFile;
        this.directory = builder.directory;
    }

    /**
     * Starts a file without tensors. Used by the readers of the formats.
     *
     * @param format the format's name as a user would say it, such as {@code "PyTorch zip"}
     */
    public static Builder builder(Path path, String format) {
        return new Builder(path, format);
    }

    /** Collects what a {@link TensorFile} has. For one thread. */
    public static final class Builder {
        private final Path path;
        private final String format;
        private final Set<String> names = new LinkedHashSet<>();
        private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        private final Map<String, String> unread = new LinkedHashMap<>();
        private Map<String, String> metadata = Map.of();
        private UnaryOperator<String> nameInFile = UnaryOperator.identity();
        private Object directory;

        private Builder(Path path, String format) {
            this.path = path;
            this.format = format;
        }

        /**
         * Adds a tensor.
         *
         * @throws RwkvFormatException if there is one of this name
         */
        public Builder tensor(String name, StoredTensor tensor) {
            add(name);
            tensors.put(name, tensor);
            return this;
        }

        /** Adds tensors, in the map's order. */
        public Builder tensors(Map<String, ? extends StoredTensor> tensors) {
            tensors.forEach(this::tensor);
            return this;
        }

        /**
         * Adds a tensor of an element type that is not read.
         *
         * @param type what the file calls the type, such as {@code U16}
         * @throws RwkvFormatException if there is one of this name
         */
        public Builder unread(String name, String type) {
            add(name);
            unread.put(name, type);
            return this;
        }

        /** Whether a tensor of this name was added. */
        boolean contains(String name) {
            return names.contains(name);
        }

        private void add(String name) {
            if (!names.add(name)) {
                throw RwkvFormatException.inTensor(path, name, "expected each name once, found it again");
            }
        }

        /** The file's own text metadata; none if this is never called. */
        public Builder metadata(Map<String, String> metadata) {
            this.metadata = metadata;
            return this;
        }

        /** The file's own name for any tensor, be it there or not: error messages use it. The same if never called. */
        public Builder nameInFile(UnaryOperator<String> nameInFile) {
            this.nameInFile = nameInFile;
            return this;
        }

        /** What the format's reader has parsed, for {@link TensorFile#directory}. */
        public Builder directory(Object directory) {
            this.directory = directory;
            return this;
        }

        /** The file. */
        public TensorFile build() {
            return new TensorFile(this);
        }
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** The format's name, such as {@code "PyTorch zip"}. */
    public String format() {
        return format;
    }

    /** The tensors' names, in the file's order, those of tensors that are not read among them. */
    public Set<String> names() {
        return names;
    }

    /**
     * The tensors that are listed but cannot be asked for, and the element types for which they cannot, as the file calls them.
     */
    public Map<String, String> unread() {
        return unread;
    }

    /** All tensors that can be asked for, in the file's order. */
    public Collection<StoredTensor> tensors() {
        return tensors.values();
    }

    /**
     * What the format's reader has parsed beside the tensors, for others who read more of the same file: it is parsed once.
     *
     * @return empty if the format's reader leaves nothing of this class
     */
    public <T> Optional<T> directory(Class<T> type) {
        return type.isInstance(directory) ? Optional.of(type.cast(directory)) : Optional.empty();
    }

    /** The file's own text metadata; empty for formats that have none. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Whether a tensor of this name is there, be its type read or not. */
    public boolean contains(String name) {
        return names.contains(name);
    }

    /** What the file itself calls the tensor of this name, or would call it if it were there. Mostly the same. */
    public String nameInFile(String name) {
        return nameInFile.apply(name);
    }

    /**
     * The tensor of this name.
     *
     * @throws RwkvFormatException if there is none, or it is of an element type that is not read
     */
    public StoredTensor tensor(String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor != null) {
            return tensor;
        }
        throw RwkvFormatException.inTensor(path, nameInFile(name),
                unread.containsKey(name)
                        ? "expected an element type among " + DType.plain() + ", found " + unread.get(name)
                        : "missing; the file has " + names.size() + " other tensors");
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
    private static final class Reshaped extends ForwardingTensor {
        private final long[] shape;

        Reshaped(StoredTensor source, long[] shape) {
            super(source);
            this.shape = shape;
        }

        @Override
        public long[] shape() {
            return shape.clone();
        }

        @Override
        public long length(int dimension) {
            return shape[dimension];
        }
    }

    private static long[] squeeze(long[] shape) {
        return Arrays.stream(shape).filter(n -> n != 1).toArray();
    }

    @Override
    public String toString() {
        return path + " (" + format + ", " + names.size() + " tensors)";
    }
}
