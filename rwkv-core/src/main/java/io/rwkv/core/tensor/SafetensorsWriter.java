package io.rwkv.core.tensor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;

import io.rwkv.core.internal.AtomicFiles;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Collects tensors and writes them as one <a href="https://github.com/huggingface/safetensors">safetensors</a> file. Arrays of
 * values are not copied: do not change them before {@link #write(Path) write} has returned. May be written several times. For one
 * thread.
 */
public final class SafetensorsWriter {
    private static final int BUFFER = 1 << 16;

    /** Appends one tensor's bytes. */
    private interface Data {
        void writeTo(Out out) throws IOException;
    }

    private record Entry(String name, DType dtype, long[] shape, long bytes, Data data) {}

    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final List<Entry> entries = new ArrayList<>();
    private final Set<String> names = new HashSet<>();

    /**
     * Adds an entry to the file's metadata.
     *
     * @throws IllegalArgumentException if there already is an entry with this key
     */
    public SafetensorsWriter metadata(String key, String value) {
        if (metadata.putIfAbsent(key, Objects.requireNonNull(value, key)) != null) {
            throw new IllegalArgumentException("expected each line of metadata once, found " + key + " again");
        }
        return this;
    }

    /**
     * Adds an F32 tensor.
     *
     * @param shape lengths of the dimensions, outermost first; copied
     * @param parts the elements in row-major order, in one array or in several that are joined; not copied
     * @throws IllegalArgumentException if the shape has a negative dimension or another number of elements, if there already is a
     *         tensor of this name, or if the name is {@code __metadata__}, which the format uses itself
     */
    public SafetensorsWriter floats(String name, long[] shape, float[]... parts) {
        add(name, DType.F32, shape, Arrays.stream(parts).mapToLong(p -> p.length).sum(), out -> {
            for (float[] part : parts) {
                for (float value : part) {
                    out.room(4).putFloat(value);
                }
            }
        });
        return this;
    }

    /**
     * Adds a one-dimensional I64 tensor.
     *
     * @param values the elements; not copied
     * @throws IllegalArgumentException if there already is a tensor of this name, or if the name is {@code __metadata__}, which
     *         the format uses itself
     */
    public SafetensorsWriter integers(String name, int[] values) {
        add(name, DType.I64, new long[]{values.length}, values.length, out -> {
            for (int value : values) {
                out.room(8).putLong(value);
            }
        });
        return this;
    }

    private void add(String name, DType dtype, long[] shape, long count, Data data) {
        boolean negative = Arrays.stream(shape).anyMatch(n -> n < 0);
        long expected = negative ? -1 : Arrays.stream(shape).reduce(1, Math::multiplyExact);
        if (expected != count) {
            throw new IllegalArgumentException(
                    name + ": expected " + (negative ? "no negative dimension" : expected + " elements") + " in "
                            + Arrays.toString(shape) + ", found " + count);
        }
        if (name.equals("__metadata__")) {
            throw new IllegalArgumentException(
                    "expected a tensor's name, found " + name + ", which stands for metadata");
        }
        if (!names.add(name)) {
            throw new IllegalArgumentException(name + ": expected each name once, found it again");
        }
        entries.add(new Entry(name, dtype, shape.clone(), dtype.bytes(count), data));
    }

    /**
     * Writes the file. It is first written next to its final place and then moved there: an existing file is replaced as a whole
     * or not at all, and keeps its permissions.
     *
     * @throws IOException if the file cannot be written; an existing file is then as before
     */
    public void write(Path path) throws IOException {
        AtomicFiles.write(path, channel -> write(buffer -> {
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }));
    }

    /**
     * Writes the same bytes as {@link #write(Path)} to a stream, and flushes.
     *
     * @param out stays open
     * @throws IOException if the stream cannot be written; then a part may have been written
     */
    public void write(OutputStream out) throws IOException {
        write(buffer -> out.write(buffer.array(), 0, buffer.limit()));
        out.flush();
    }

    private void write(Sink sink) throws IOException {
        Out out = new Out(sink);
        out.bytes(header());
        for (Entry entry : entries) {
            entry.data.writeTo(out);
        }
        out.flush();
    }

    private byte[] header() throws IOException {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        try (JsonGenerator out = new JsonFactory().createGenerator(json)) {
            out.writeStartObject();
            if (!metadata.isEmpty()) {
                out.writeObjectFieldStart("__metadata__");
                for (Map.Entry<String, String> line : metadata.entrySet()) {
                    out.writeStringField(line.getKey(), line.getValue());
                }
                out.writeEndObject();
            }
            long offset = 0;
            for (Entry entry : entries) {
                out.writeObjectFieldStart(entry.name);
                out.writeStringField("dtype", entry.dtype.name());
                out.writeFieldName("shape");
                out.writeArray(entry.shape, 0, entry.shape.length);
                out.writeFieldName("data_offsets");
                out.writeArray(new long[]{offset, offset + entry.bytes}, 0, 2);
                out.writeEndObject();
                offset += entry.bytes;
            }
            out.writeEndObject();
        }
        // Padded with spaces, so that the data is aligned.
        while (json.size() % 8 != 0) {
            json.write(' ');
        }
        byte[] text = json.toString(StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + text.length).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text)
                .array();
    }

    /** Takes all of a buffer that is ready to be read and has an array. */
    private interface Sink {
        void accept(ByteBuffer buffer) throws IOException;
    }

    private static final class Out {
        private final Sink sink;
        private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);

        Out(Sink sink) {
            this.sink = sink;
        }

        /** The buffer, with room for {@code bytes} more. */
        ByteBuffer room(int bytes) throws IOException {
            if (buffer.remaining() < bytes) {
                flush();
            }
            return buffer;
        }

        void bytes(byte[] bytes) throws IOException {
            for (byte b : bytes) {
                room(1).put(b);
            }
        }

        void flush() throws IOException {
            sink.accept(buffer.flip());
            buffer.clear();
        }
    }
}
