package io.rwkv.loader.internal.gguf;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads the numbers and strings of a GGUF file from front to back, and nothing beyond its end. For one thread. */
public final class GgufInput {
    private static final int WINDOW = 1 << 16;

    private final MappedFile file;
    private long position;
    private ByteBuffer window = ByteBuffer.allocate(0);
    private long windowStart;

    GgufInput(MappedFile file, long position) {
        this.file = file;
        this.position = position;
    }

    MappedFile file() {
        return file;
    }

    long position() {
        return position;
    }

    long remaining() {
        return file.size() - position;
    }

    /** The index in the window of the next bytes, which are passed over. */
    private int next(int bytes, String what) {
        if (bytes > remaining()) {
            throw fault("expected " + what + " in " + bytes + " bytes, found the end of the file after " + remaining());
        }
        if (position < windowStart || position + bytes > windowStart + window.capacity()) {
            windowStart = position;
            window = file.slice(position, (int) Math.min(WINDOW, remaining()));
        }
        int index = (int) (position - windowStart);
        position += bytes;
        return index;
    }

    int u8(String what) {
        return window(next(1, what), 1).get() & 0xFF;
    }

    int u16(String what) {
        return window(next(2, what), 2).getShort() & 0xFFFF;
    }

    /** Unsigned: -1 is 2³² - 1. */
    public int i32(String what) {
        return window(next(4, what), 4).getInt();
    }

    long u32(String what) {
        return Integer.toUnsignedLong(i32(what));
    }

    /** Unsigned: -1 is 2⁶⁴ - 1. */
    long i64(String what) {
        return window(next(8, what), 8).getLong();
    }

    private ByteBuffer window(int index, int bytes) {
        return window.limit(index + bytes).position(index);
    }

    /**
     * A count of things of which each takes at least so many bytes.
     *
     * @throws RwkvFormatException if the rest of the file cannot hold as many, or there are more than {@code most}
     */
    long count(String what, int bytesEach, long most) {
        long start = position;
        long count = i64(what);
        long limit = Math.min(most, remaining() / bytesEach);
        if (count < 0 || count > limit) {
            throw RwkvFormatException.atOffset(file.path(), start,
                    "expected " + what + " of at most " + limit + ", found " + Long.toUnsignedString(count));
        }
        return count;
    }

    /** @param bytes not more than remain: {@link #count} has checked them */
    void skip(long bytes) {
        position += bytes;
    }

    byte[] bytes(String what, int most) {
        byte[] bytes = new byte[(int) count(what + "'s length", 1, most)];
        for (int done = 0; done < bytes.length;) {
            int length = Math.min(WINDOW, bytes.length - done);
            window(next(length, what), length).get(bytes, done, length);
            done += length;
        }
        return bytes;
    }

    public String text(String what, int most) {
        long start = position;
        byte[] bytes = bytes(what, most);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw RwkvFormatException.atOffset(file.path(), start, "expected " + what + " in UTF-8, found other bytes");
        }
    }

    /** @param detail what was expected and what was found at the position */
    RwkvFormatException fault(String detail) {
        return RwkvFormatException.atOffset(file.path(), position, detail);
    }
}
