package io.rwkv.loader;

import io.rwkv.core.internal.tensor.Elements;
import io.rwkv.core.tensor.DType;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Builds GGUF files byte by byte, well-formed or not, independently of the code that reads and writes them. */
final class GgufBuilder {
    static final int U8 = 0;
    static final int I8 = 1;
    static final int U16 = 2;
    static final int I16 = 3;
    static final int U32 = 4;
    static final int I32 = 5;
    static final int F32 = 6;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;
    static final int U64 = 10;
    static final int I64 = 11;
    static final int F64 = 12;

    private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
    private final ByteArrayOutputStream infos = new ByteArrayOutputStream();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private int version = 3;
    private int alignment = 32;
    private long keys;
    private long tensors;

    static byte[] bytes(int length, java.util.function.Consumer<ByteBuffer> put) {
        ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        put.accept(buffer);
        return buffer.array();
    }

    static byte[] u32(long value) {
        return bytes(4, b -> b.putInt((int) value));
    }

    static byte[] u64(long value) {
        return bytes(8, b -> b.putLong(value));
    }

    static byte[] text(String text) {
        return text(text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] text(byte[] text) {
        return join(u64(text.length), text);
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    static byte[] array(int type, long count, byte[]... elements) {
        return join(u32(type), u64(count), join(elements));
    }

    static byte[] texts(String... texts) {
        return array(STRING, texts.length, Arrays.stream(texts).map(GgufBuilder::text).toArray(byte[][]::new));
    }

    static byte[] floats(float... values) {
        return bytes(4 * values.length, b -> b.asFloatBuffer().put(values));
    }

    GgufBuilder version(int number) {
        version = number;
        return this;
    }

    /** Also where this says it: {@link #key} does. */
    GgufBuilder alignment(int bytes) {
        alignment = bytes;
        return this;
    }

    GgufBuilder key(String key, int type, byte[] value) {
        keys++;
        metadata.writeBytes(join(text(key), u32(type), value));
        return this;
    }

    GgufBuilder architecture(String name) {
        return key("general.architecture", STRING, text(name));
    }

    /** @param dimensions as in the file, the innermost first */
    GgufBuilder info(String name, int type, long offset, long... dimensions) {
        tensors++;
        infos.writeBytes(join(text(name), u32(dimensions.length)));
        for (long dimension : dimensions) {
            infos.writeBytes(u64(dimension));
        }
        infos.writeBytes(join(u32(type), u64(offset)));
        return this;
    }

    /** @param shape row-major */
    GgufBuilder tensor(String name, int type, byte[] bytes, long... shape) {
        while (data.size() % alignment != 0) {
            data.write(0);
        }
        long[] dimensions = new long[shape.length];
        Arrays.setAll(dimensions, d -> shape[shape.length - 1 - d]);
        info(name, type, data.size(), dimensions);
        data.writeBytes(bytes);
        return this;
    }

    GgufBuilder tensor(String name, float[] values, long... shape) {
        return tensor(name, 0, floats(values), shape);
    }

    /** Values that a quantised type holds nearly. */
    GgufBuilder tensor(String name, DType type, int number, float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate((int) type.bytes(values.length));
        Elements.narrow(type, values, 0, values.length, bytes, 0);
        return tensor(name, number, bytes.array(), shape);
    }

    byte[] build() {
        return build(tensors, keys);
    }

    byte[] build(long tensorCount, long keyCount) {
        byte[] head = join("GGUF".getBytes(StandardCharsets.US_ASCII), u32(version), u64(tensorCount), u64(keyCount),
                metadata.toByteArray(), infos.toByteArray());
        int start = (head.length + alignment - 1) / alignment * alignment;
        return join(Arrays.copyOf(head, start), data.toByteArray());
    }
}
