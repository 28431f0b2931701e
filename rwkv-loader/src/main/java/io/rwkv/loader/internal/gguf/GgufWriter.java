package io.rwkv.loader.internal.gguf;

import io.rwkv.core.LoadProgress;
import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.AtomicFiles;
import io.rwkv.core.internal.tensor.Elements;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes a GGUF file of version 3 in one pass: metadata and the directory first, then each tensor, piece by piece. Memory holds
 * the metadata and one piece, whatever the model's size. For one thread.
 */
public final class GgufWriter {
    private static final int VERSION = 3;
    /** Elements that are converted at a time: whole blocks of every type. */
    private static final int PIECE = 1 << 18;
    /** The limit of ggml, whose names have a fixed place. */
    private static final int MAX_NAME_BYTES = 63;
    private static final int MAX_DIMENSIONS = 4;
    private static final float F16_OVERFLOW = 65520;

    private record Entry(String name, DType type, long[] shape, List<StoredTensor> parts) {
        long elements() {
            return Arrays.stream(shape).reduce(1, Math::multiplyExact);
        }

        long bytes() {
            return type.bytes(elements());
        }
    }

    /** Little-endian numbers, in memory. */
    private static final class Bytes {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

        Bytes u32(long value) {
            out.write(number.clear().putInt((int) value).array(), 0, 4);
            return this;
        }

        Bytes u64(long value) {
            out.write(number.clear().putLong(value).array(), 0, 8);
            return this;
        }

        Bytes text(byte[] bytes) {
            u64(bytes.length);
            out.writeBytes(bytes);
            return this;
        }

        Bytes text(String text) {
            return text(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private final Path source;
    private final Bytes metadata = new Bytes();
    private final List<Entry> entries = new ArrayList<>();
    private final Set<String> keys = new HashSet<>();
    private final Set<String> names = new HashSet<>();

    /** @param source the file that the tensors come from, for error messages */
    public GgufWriter(Path source) {
        this.source = source;
    }

    private Bytes key(String key, int type) {
        if (!keys.add(key)) {
            throw new IllegalStateException("metadata " + key + " is written twice");
        }
        return metadata.text(key).u32(type);
    }

    public GgufWriter integer(String key, long value) {
        key(key, 4).u32(value);
        return this;
    }

    public GgufWriter real(String key, float value) {
        key(key, 6).u32(Float.floatToRawIntBits(value));
        return this;
    }

    public GgufWriter text(String key, String value) {
        key(key, 8).text(value);
        return this;
    }

    /** @param value UTF-8 */
    public GgufWriter text(String key, byte[] value) {
        key(key, 8).text(value);
        return this;
    }

    public GgufWriter texts(String key, List<String> values) {
        key(key, 9).u32(8).u64(values.size());
        values.forEach(metadata::text);
        return this;
    }

    public GgufWriter integers(String key, List<Integer> values) {
        key(key, 9).u32(5).u64(values.size());
        values.forEach(metadata::u32);
        return this;
    }

    /**
     * Adds a tensor.
     *
     * @param shape row-major, rows in whole blocks of the type
     * @param parts whose elements in turn are the tensor's
     */
    public GgufWriter tensor(String name, DType type, long[] shape, List<StoredTensor> parts) {
        if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES || shape.length > MAX_DIMENSIONS) {
            throw RwkvFormatException.inTensor(source, name, "expected a name of at most " + MAX_NAME_BYTES
                    + " bytes and at most " + MAX_DIMENSIONS + " dimensions, found shape " + Arrays.toString(shape));
        }
        long elements = parts.stream().mapToLong(StoredTensor::elementCount).sum();
        Entry entry = new Entry(name, type, shape.clone(), List.copyOf(parts));
        if (entry.elements() != elements) {
            throw RwkvFormatException.inTensor(source, name,
                    "expected " + elements + " elements, as its parts have, found shape "
                            + Arrays.toString(shape));
        }
        if (!names.add(name)) {
            throw RwkvFormatException.inTensor(source, name, "expected each name once, found it again");
        }
        entries.add(entry);
        return this;
    }

    /** Writes the file beside its final place and moves it there. */
    public void write(Path path, LoadProgress progress) throws IOException {
        AtomicFiles.write(path, channel -> {
            writeAll(ByteBuffer.wrap(header()), channel);
            long total = entries.stream().mapToLong(Entry::bytes).sum();
            try (Data data = new Data(channel, progress, total)) {
                for (Entry entry : entries) {
                    pad(channel);
                    data.write(entry);
                }
            }
            pad(channel);
            progress.report(total, total);
        });
    }

    private byte[] header() {
        Bytes header = new Bytes();
        header.out.writeBytes(GgufFile.MAGIC.getBytes(StandardCharsets.US_ASCII));
        header.u32(VERSION).u64(entries.size()).u64(keys.size());
        header.out.writeBytes(metadata.out.toByteArray());
        long offset = 0;
        for (Entry entry : entries) {
            header.text(entry.name).u32(entry.shape.length);
            for (int d = entry.shape.length - 1; d >= 0; d--) {
                header.u64(entry.shape[d]);
            }
            header.u32(GgufTypes.number(entry.type)).u64(offset);
            offset = aligned(offset + entry.bytes());
        }
        return header.out.toByteArray();
    }

    private static long aligned(long offset) {
        return (offset + GgufFile.DEFAULT_ALIGNMENT - 1) / GgufFile.DEFAULT_ALIGNMENT * GgufFile.DEFAULT_ALIGNMENT;
    }

    private static void pad(SeekableByteChannel channel) throws IOException {
        long position = channel.position();
        writeAll(ByteBuffer.allocate((int) (aligned(position) - position)), channel);
    }

    private static void writeAll(ByteBuffer bytes, SeekableByteChannel channel) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Converts and writes the tensors' elements. */
    private final class Data implements Closeable {
        private final SeekableByteChannel channel;
        private final LoadProgress progress;
        private final long total;
        private final float[] values = new float[PIECE];
        private final ByteBuffer narrowed = ByteBuffer.allocateDirect(4 * PIECE);
        private final ByteBuffer stored = ByteBuffer.allocateDirect(8 * PIECE);
        private MappedFile file;
        private FileChannel in;
        private long done;

        Data(SeekableByteChannel channel, LoadProgress progress, long total) {
            this.channel = channel;
            this.progress = progress;
            this.total = total;
        }

        public void write(Entry entry) throws IOException {
            for (StoredTensor part : entry.parts) {
                MappedTensor contiguous = part instanceof MappedTensor mapped && mapped.isContiguous() ? mapped : null;
                for (long first = 0; first < part.elementCount(); first += PIECE) {
                    int count = (int) Math.min(PIECE, part.elementCount() - first);
                    if (contiguous != null) {
                        readStored(contiguous, first, count);
                    }
                    if (contiguous != null && contiguous.dtype() == entry.type) {
                        // As they are, be they numbers, NaN with a payload, or blocks that to quantise again would change.
                        writeAll(stored, channel);
                    } else {
                        if (contiguous != null) {
                            widen(contiguous, count);
                        } else {
                            part.read(first, values, 0, count);
                        }
                        narrow(entry, part, count);
                        writeAll(narrowed.clear().limit((int) entry.type.bytes(count)), channel);
                    }
                    done += entry.type.bytes(count);
                    progress.report(done, total);
                }
            }
        }

        /**
         * Reads from the file itself instead of from memory that it is mapped to: the pages of a mapping, once touched, count
         * as this process's memory, all of the model in the end.
         */
        private void readStored(MappedTensor tensor, long first, int count) throws IOException {
            if (tensor.file().isCopy()) { // which has no name to open
                ByteBuffer bytes = tensor.file().slice(from(tensor, first), (int) tensor.dtype().bytes(count));
                tensor.file().reading(() -> stored.clear().put(bytes).flip());
                return;
            }
            if (tensor.file() != file) {
                close();
                in = FileChannel.open(tensor.file().path(), StandardOpenOption.READ);
                file = tensor.file();
            }
            long from = from(tensor, first);
            stored.clear().limit((int) tensor.dtype().bytes(count));
            while (stored.hasRemaining()) {
                if (in.size() != file.size() || in.read(stored, from + stored.position()) < 0) {
                    throw new IOException(file.path() + " was changed while it was read");
                }
            }
            stored.flip();
        }

        private void widen(MappedTensor tensor, int count) {
            try {
                Elements.widen(tensor.dtype(), stored, 0, values, 0, count);
            } catch (ArithmeticException e) {
                throw RwkvFormatException.inTensor(source, tensor.name(), e.getMessage());
            }
        }

        private static long from(MappedTensor tensor, long first) {
            return tensor.byteOffset() + tensor.dtype().bytes(first);
        }

        private void narrow(Entry entry, StoredTensor part, int count) {
            try {
                if (entry.type == DType.F16) {
                    checkF16(count);
                }
                Elements.narrow(entry.type, values, 0, count, narrowed.clear(), 0);
            } catch (IllegalArgumentException e) {
                throw RwkvFormatException.inTensor(source, part.name(), "cannot be written as " + entry.type + ": "
                        + e.getMessage());
            }
        }

        private void checkF16(int count) {
            for (int i = 0; i < count; i++) {
                if (Math.abs(values[i]) >= F16_OVERFLOW && Float.isFinite(values[i])) {
                    throw new IllegalArgumentException("expected values up to 65504, found " + values[i]);
                }
            }
        }

        @Override
        public void close() throws IOException {
            if (in != null) {
                in.close();
            }
        }
    }
}
