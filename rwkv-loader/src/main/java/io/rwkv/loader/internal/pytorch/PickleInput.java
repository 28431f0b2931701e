package io.rwkv.loader.internal.pytorch;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedFile;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads a pickle's bytes from a mapped file. No read goes past the end, and no length is believed before it is checked. */
public final class PickleInput {
    /** The longest pickle read; that of a checkpoint with a thousand tensors has about 100 kB. */
    static final int MAX_LENGTH = MappedFile.MAX_SLICE;
    static final int MAX_STRING = 1 << 20;
    /** The longest module or class name. */
    private static final int MAX_LINE = 256;

    private final MappedFile file;
    private final long start; // in the file
    private final ByteBuffer bytes;
    private final boolean cut;

    /** Reads at most {@code length} bytes from {@code start} on, all of them in the file, and at most {@link #MAX_LENGTH}. */
    PickleInput(MappedFile file, long start, long length) {
        this.file = file;
        this.start = start;
        this.cut = length > MAX_LENGTH;
        this.bytes = file.slice(start, (int) Math.min(length, MAX_LENGTH));
    }

    /** Where the next byte lies, from the start of the file. */
    long offset() {
        return start + bytes.position();
    }

    int u8() {
        need(1);
        return bytes.get() & 0xFF;
    }

    int u16() {
        need(2);
        return bytes.getShort() & 0xFFFF;
    }

    int s32() {
        need(4);
        return bytes.getInt();
    }

    long u32() {
        return s32() & 0xFFFFFFFFL;
    }

    long s64() {
        need(8);
        return bytes.getLong();
    }

    /** The one big-endian number of the format. */
    double f64() {
        return Double.longBitsToDouble(Long.reverseBytes(s64()));
    }

    /** A signed integer's bytes, most significant first. */
    byte[] bigEndian(int length) {
        need(length);
        byte[] number = new byte[length];
        for (int i = length - 1; i >= 0; i--) {
            number[i] = bytes.get();
        }
        return number;
    }

    String utf8(long length) {
        need(length);
        if (length > MAX_STRING) {
            throw fault("expected a string of at most " + MAX_STRING + " bytes, found one of " + length);
        }
        ByteBuffer string = bytes.slice(bytes.position(), (int) length);
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(string).toString();
            skip(length);
            return text;
        } catch (CharacterCodingException e) {
            throw fault("expected a string in UTF-8, found malformed bytes");
        }
    }

    /** Text up to the next line feed, which is consumed. */
    String line() {
        StringBuilder line = new StringBuilder();
        for (int c = u8(); c != '\n'; c = u8()) {
            if (line.length() == MAX_LINE) {
                throw fault("expected a name of at most " + MAX_LINE + " bytes, found a longer one");
            }
            line.append((char) c);
        }
        return line.toString();
    }

    void skip(long length) {
        need(length);
        bytes.position(bytes.position() + (int) length);
    }

    /** Checks that so many bytes follow, without reading them. */
    void need(long length) {
        int remaining = bytes.remaining();
        if (length >= 0 && length <= remaining) {
            return;
        }
        if (length >= 0 && cut) {
            throw fault("expected a pickle of at most " + MAX_LENGTH + " bytes, found a longer one");
        }
        // A negative length is an unsigned one beyond 2^63.
        throw fault("expected " + Long.toUnsignedString(length) + " more bytes of the pickle, found " + remaining);
    }

    RwkvFormatException fault(String detail) {
        return fault(offset(), detail);
    }

    RwkvFormatException fault(long offset, String detail) {
        return RwkvFormatException.atOffset(file.path(), offset, detail);
    }
}
