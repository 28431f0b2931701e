package io.rwkv.core.internal.tensor;

import io.rwkv.core.RwkvFormatException;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A whole file of any length, mapped read-only into memory. Nothing is copied to the heap until it is read. What cannot be mapped,
 * such as a stream or a file inside a zip, is first copied to a temporary file, and that is mapped.
 *
 * <p>Safe for any number of threads. Needs no closing: the file is closed as soon as it is mapped, and the garbage collector
 * releases the mapping when nothing uses it any more. (Java 17 cannot unmap earlier without the risk of crashing a thread that
 * still reads.)
 *
 * <p>The file must not be written into while it is mapped. If it is cut short nevertheless, Java reports reads beyond its new end
 * as an {@link InternalError}, some time later. The methods that read, here and in {@link MappedTensor}, turn that into an
 * {@link RwkvFormatException} that says so. One case goes unnoticed: the rest of the last page of memory (4 KB as a rule) reads as
 * zeros.
 */
public final class MappedFile {
    /** The longest {@link #slice}, in bytes. */
    public static final int MAX_SLICE = 1 << 24;

    /** Buffers start this far apart and overlap by MAX_SLICE, so that any slice lies within one of them. */
    private static final long STEP = 1L << 30;

    private static final int COPIED_AT_ONCE = 1 << 16;

    /** Always 0, which the compiler must not know. */
    private static volatile int none;

    private final Path path;
    private final long size;
    private final ByteBuffer[] buffers;
    private final boolean copy;

    private MappedFile(Path path, FileChannel channel, boolean copy) throws IOException {
        this.path = path;
        this.copy = copy;
        this.size = channel.size();
        this.buffers = new ByteBuffer[(int) ((size + STEP - 1) / STEP)];
        for (int i = 0; i < buffers.length; i++) {
            long start = i * STEP;
            MappedByteBuffer buffer = channel.map(FileChannel.MapMode.READ_ONLY, start,
                    Math.min(STEP + MAX_SLICE, size - start));
            buffers[i] = buffer.order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /**
     * Maps a file, or a temporary copy of it if its file system cannot map files.
     *
     * @throws IOException if the file does not exist, is a folder, or cannot be read, or if there is no room for a copy
     */
    public static MappedFile open(Path path) throws IOException {
        boolean local = path.getFileSystem() == FileSystems.getDefault();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return new MappedFile(path, channel, false);
        } catch (UnsupportedOperationException e) {
            return copy(path);
        } catch (IOException e) {
            // Others may need room of their own to map, which a zip's has in the zip's folder, read-only perhaps.
            if (local) {
                throw e;
            }
            return copy(path);
        }
    }

    private static MappedFile copy(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return copy(path, in, Files.size(path));
        }
    }

    /**
     * Copies a stream to a temporary file, which only its owner can read, and maps that. The temporary file is deleted at once on
     * Linux and macOS, and when the JVM ends on Windows, which cannot delete a mapped file. If this method fails, it is deleted
     * too.
     *
     * @param name the name of the source in error messages; need not exist
     * @param in read to its end, or exactly {@code length} bytes of it; stays open
     * @param length in bytes; −1 if it is not known
     * @throws EOFException if the stream ends before its length
     * @throws IOException if the stream cannot be read, or if the disk has no room
     */
    public static MappedFile copy(Path name, InputStream in, long length) throws IOException {
        Path temporary = Files.createTempFile("rwkv-", ".tmp");
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            byte[] bytes = new byte[COPIED_AT_ONCE];
            long done = 0;
            while (length < 0 || done < length) {
                int n = in.read(bytes, 0, length < 0 ? bytes.length : (int) Math.min(bytes.length, length - done));
                if (n < 0 && length < 0) {
                    break;
                }
                if (n < 0) {
                    throw new EOFException(name + ": expected " + length + " bytes, found the end after " + done);
                }
                for (ByteBuffer some = ByteBuffer.wrap(bytes, 0, n); some.hasRemaining();) {
                    channel.write(some);
                }
                done += n;
            }
            return new MappedFile(name, channel, true);
        } finally {
            delete(temporary);
        }
    }

    private static void delete(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            temporary.toFile().deleteOnExit(); // Windows deletes nothing that is mapped
        }
    }

    /** The path that the file was opened by; for a copied stream, the name given for it. */
    public Path path() {
        return path;
    }

    /** Whether a temporary copy is mapped. If so, there need not be a file at {@link #path()}. */
    public boolean isCopy() {
        return copy;
    }

    /** The file's length in bytes at the time when it was mapped. */
    public long size() {
        return size;
    }

    /**
     * A little-endian, read-only view of a part of the file. Read it inside {@link #reading}, so that a file that was cut short
     * ends in a clear exception.
     *
     * @param offset in bytes from the start of the file
     * @param length in bytes, at most {@link #MAX_SLICE}
     * @throws IndexOutOfBoundsException if the part is longer than that, or is not within the file
     */
    public ByteBuffer slice(long offset, int length) {
        if (offset < 0 || length < 0 || length > MAX_SLICE || offset > size - length) {
            throw new IndexOutOfBoundsException(
                    length + " bytes at " + offset + " of " + path + ", which has " + size + " bytes");
        }
        if (length == 0) {
            return ByteBuffer.allocate(0).order(ByteOrder.LITTLE_ENDIAN);
        }
        int index = (int) (offset / STEP);
        return buffers[index].slice((int) (offset - index * STEP), length).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Copies a part of the file.
     *
     * @param offset in bytes from the start of the file
     * @param to receives the bytes
     * @param at index in {@code to} of the first byte
     * @param length in bytes, at most {@link #MAX_SLICE}
     * @throws IndexOutOfBoundsException if the part is longer than that, is not within the file, or does not fit {@code to}
     * @throws RwkvFormatException if the file was cut short since it was mapped
     */
    public void read(long offset, byte[] to, int at, int length) {
        Objects.checkFromIndexSize(at, length, to.length);
        try {
            slice(offset, length).get(to, at, length);
            settle();
        } catch (InternalError e) {
            throw cutShort(null, e);
        }
    }

    /**
     * Runs code that reads {@link #slice slices} of the file.
     *
     * @param reader the code; what it throws is thrown on
     * @return what {@code reader} returns
     * @throws RwkvFormatException if the file was cut short since it was mapped
     */
    public <T> T reading(Supplier<T> reader) {
        try {
            T result = reader.get();
            settle();
            return result;
        } catch (InternalError e) {
            throw cutShort(null, e);
        }
    }

    /** Bytes from one place of the file up to another. Little is copied at a time; closing it is not needed. */
    InputStream input(long from, long to) {
        return new InputStream() {
            private long position = from;

            @Override
            public int read() {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] bytes, int at, int length) {
                Objects.checkFromIndexSize(at, length, bytes.length);
                if (length > 0 && position == to) {
                    return -1;
                }
                int some = (int) Math.min(Math.min(length, MAX_SLICE), to - position);
                MappedFile.this.read(position, bytes, at, some);
                position += some;
                return some;
            }
        };
    }

    /**
     * Lets the fault of memory that was just read come out here. HotSpot notes the fault, goes on with any value, and throws
     * where compiled code next enters the runtime in a way that may throw; in JDK 17 there are few such ways, and a fault can
     * come out in a caller's caller. One is an array of two dimensions whose lengths the compiler does not know. It takes some
     * 100 ns.
     *
     * @throws InternalError if there was a fault
     */
    static void settle() {
        int length = none;
        if (new byte[length][length].length != length) {
            throw new AssertionError();
        }
    }

    /**
     * What to throw for a fault of memory that was read.
     *
     * @param tensor that was read, or null
     * @throws InternalError the error itself if it is of another kind
     */
    RwkvFormatException cutShort(String tensor, InternalError error) {
        if (error.getMessage() == null || !error.getMessage().contains("unsafe memory access")) {
            throw error;
        }
        String found;
        try {
            long now = copy ? size : Files.size(path);
            found = now < size ? now + " bytes: it was cut short while in use" : "part of them unreadable";
        } catch (IOException e) {
            found = "no such file any more";
        }
        String detail = "expected " + size + " bytes, as when it was opened, found " + found;
        return tensor == null
                ? RwkvFormatException.inFile(path, detail, error)
                : RwkvFormatException.inTensor(path, tensor, detail);
    }
}
