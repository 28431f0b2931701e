package io.rwkv.core.tensor;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.Elements;
import io.rwkv.core.internal.tensor.ForwardingTensor;

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
 * The named tensors of one file of any format, in the file's order. The reader of the format has checked that every tensor lies
 * within the file. The data stays in the file until a tensor is read.
 *
 * <p>A file may also hold tensors of element types that this library does not read. They are listed like all others; only asking
 * for one of them is an error.
 *
 * <p>Immutable and safe for any number of threads. Needs no closing: the garbage collector releases the file's mapping when
 * nothing uses it any more.
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
     * Makes a file from tensors. For the readers of file formats.
     *
     * @param path where the file is, for error messages
     * @param format the format's name as users know it, such as {@code "PyTorch zip"}
     * @param tensors by name, in the file's order; copied
     * @param metadata the file's own text metadata; copied
     */
    public TensorFile(Path path, String format, Map<String, ? extends StoredTensor> tensors,
            Map<String, String> metadata) {
        this(path, format, tensors, metadata, UnaryOperator.identity());
    }

    /**
     * Makes a view of a file that shows other names than the file's own.
     *
     * @param path where the file is, for error messages
     * @param format the format's name as users know it, such as {@code "PyTorch zip"}
     * @param tensors by the names shown, in the file's order; copied
     * @param metadata the file's own text metadata; copied
     * @param nameInFile gives the file's own name for a name shown, also for tensors that are not there; for error messages
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
     * A builder without tensors. For the readers of file formats.
     *
     * @param path where the file is, for error messages
     * @param format the format's name as users know it, such as {@code "PyTorch zip"}
     */
    public static Builder builder(Path path, String format) {
        return new Builder(path, format);
    }

    /** Collects the contents of a {@link TensorFile}. For one thread. */
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
         * @throws RwkvFormatException if the file already has a tensor of this name
         */
        public Builder tensor(String name, StoredTensor tensor) {
            add(name);
            tensors.put(name, tensor);
            return this;
        }

        /**
         * Adds tensors, in the map's order.
         *
         * @throws RwkvFormatException if the file already has a tensor of one of the names
         */
        public Builder tensors(Map<String, ? extends StoredTensor> tensors) {
            tensors.forEach(this::tensor);
            return this;
        }

        /**
         * Adds a tensor of an element type that this library does not read.
         *
         * @param type the type's name in the file, such as {@code U16}
         * @throws RwkvFormatException if the file already has a tensor of this name
         */
        public Builder unread(String name, String type) {
            add(name);
            unread.put(name, type);
            return this;
        }

        /** Whether a tensor of this name was added. */
        public boolean contains(String name) {
            return names.contains(name);
        }

        private void add(String name) {
            if (!names.add(name)) {
                throw RwkvFormatException.inTensor(path, name, "expected each name once, found it again");
            }
        }

        /** The file's own text metadata; by default none. */
        public Builder metadata(Map<String, String> metadata) {
            this.metadata = metadata;
            return this;
        }

        /**
         * Gives the file's own name for each name shown, also for tensors that are not there; for error messages. By default the
         * names are the same.
         */
        public Builder nameInFile(UnaryOperator<String> nameInFile) {
            this.nameInFile = nameInFile;
            return this;
        }

        /** The parsed directory of the file, for {@link TensorFile#directory}; by default none. Not copied. */
        public Builder directory(Object directory) {
            this.directory = directory;
            return this;
        }

        /** The file with all that was added. */
        public TensorFile build() {
            return new TensorFile(this);
        }
    }

    /** Where the file is; for a checkpoint that is not a file of its own, a name for error messages. */
    public Path path() {
        return path;
    }

    /** The format's name, such as {@code "PyTorch zip"}. */
    public String format() {
        return format;
    }

    /** The names of all tensors in the file's order, including those of {@link #unread()}. Unmodifiable. */
    public Set<String> names() {
        return names;
    }

    /**
     * The tensors whose element types this library does not read. They are listed but cannot be asked for.
     *
     * @return the type's name in the file, such as {@code U16}, by the tensor's name; unmodifiable
     */
    public Map<String, String> unread() {
        return unread;
    }

    /** All tensors that can be read, in the file's order. Unmodifiable. */
    public Collection<StoredTensor> tensors() {
        return tensors.values();
    }

    /**
     * The parsed directory of the file, for code that needs more of the same file: so a file is parsed only once.
     *
     * @param type a class of the format's reader
     * @return empty if the format's reader kept nothing of this class
     */
    public <T> Optional<T> directory(Class<T> type) {
        return type.isInstance(directory) ? Optional.of(type.cast(directory)) : Optional.empty();
    }

    /** The file's own text metadata; empty for formats without metadata. Unmodifiable. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Whether the file has a tensor of this name, also one of {@link #unread()}. */
    public boolean contains(String name) {
        return names.contains(name);
    }

    /** The file's own name for the tensor of this name, also if there is no such tensor. In most files both are the same. */
    public String nameInFile(String name) {
        return nameInFile.apply(name);
    }

    /**
     * The tensor of this name.
     *
     * @throws RwkvFormatException if there is none, or if its element type is not read
     */
    public StoredTensor tensor(String name) {
        StoredTensor tensor = tensors.get(name);
        if (tensor != null) {
            return tensor;
        }
        throw RwkvFormatException.inTensor(path, nameInFile(name),
                unread.containsKey(name)
                        ? "expected an element type among " + Elements.plain() + ", found " + unread.get(name)
                        : "missing; the file has " + names.size() + " other tensors");
    }

    /**
     * The tensor of this name, checked: floating-point elements and the expected shape. In the file's shape, dimensions of length
     * 1 may be added or missing anywhere, since checkpoints write vectors as {@code [1, 1, C]} too.
     *
     * @return a tensor of exactly the expected shape
     * @throws RwkvFormatException if the tensor is missing, is not floating-point, or has another shape
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
