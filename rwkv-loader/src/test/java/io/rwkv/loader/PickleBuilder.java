package io.rwkv.loader;

import io.rwkv.loader.internal.pytorch.PickleOpcode;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes pickles instruction by instruction, to make files that PyTorch never would. */
final class PickleBuilder {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    PickleBuilder() {
        raw(PickleOpcode.PROTO, 2);
    }

    /** A dictionary's start, to be followed by keys and values and {@link #endDict()}. */
    static PickleBuilder dict() {
        return new PickleBuilder().raw(PickleOpcode.EMPTY_DICT, PickleOpcode.MARK);
    }

    byte[] endDict() {
        return raw(PickleOpcode.SETITEMS).stop();
    }

    byte[] stop() {
        return raw(PickleOpcode.STOP).bytes();
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    int size() {
        return out.size();
    }

    PickleBuilder raw(int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
        return this;
    }

    PickleBuilder i32(int value) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
        return this;
    }

    PickleBuilder string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        raw(PickleOpcode.BINUNICODE).i32(bytes.length);
        out.writeBytes(bytes);
        return this;
    }

    PickleBuilder integer(long value) {
        raw(PickleOpcode.LONG1, 8);
        out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
        return this;
    }

    PickleBuilder tuple(long... values) {
        raw(PickleOpcode.MARK);
        for (long value : values) {
            integer(value);
        }
        return raw(PickleOpcode.TUPLE);
    }

    PickleBuilder global(String module, String name) {
        raw(PickleOpcode.GLOBAL);
        out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    PickleBuilder storage(String type, String key, long count) {
        return raw(PickleOpcode.MARK).string("storage").global("torch", type).string(key).string("cpu").integer(count)
                .raw(PickleOpcode.TUPLE, PickleOpcode.BINPERSID);
    }

    /** A float32 tensor over storage {@code key} of {@code count} elements. */
    PickleBuilder tensor(String key, long count, long offset, long[] shape, long[] strides) {
        return tensor("FloatStorage", key, count, offset, shape, strides);
    }

    PickleBuilder tensor(String type, String key, long count, long offset, long[] shape, long[] strides) {
        return global("torch._utils", "_rebuild_tensor_v2").raw(PickleOpcode.MARK).storage(type, key, count)
                .integer(offset).tuple(shape).tuple(strides).raw(PickleOpcode.NEWFALSE)
                .global("collections", "OrderedDict").raw(PickleOpcode.EMPTY_TUPLE, PickleOpcode.REDUCE)
                .raw(PickleOpcode.TUPLE, PickleOpcode.REDUCE);
    }

    /** A row-major float32 vector over storage {@code key}. */
    PickleBuilder vector(String key, long count) {
        return tensor(key, count, 0, new long[]{count}, new long[]{1});
    }
}
