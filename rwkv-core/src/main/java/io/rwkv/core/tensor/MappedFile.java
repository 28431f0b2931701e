package io.rwkv.core.tensor;

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
 * A whole file mapped read-only, of any length. Nothing is copied to the heap until it is asked for. What cannot be mapped, as
 * a stream or a file inside a zip, is copied to a temporary file first, and that is mapped.
 *
 * <p>Safe for any number of threads. The mapping is released when the object is no longer reachable: Java 17 has no way to
 * unmap at once that would not crash a thread still reading. The file itself is closed as soon as it is mapped.
 *
 * <p>The file must not be written into while it is mapped. If it is cut short all the same, reading what is gone fails in a way
 * that Java reports as an {@link InternalError}, some time later; the methods that read, here and in {@link MappedTensor}, turn
 * it into an {@link RwkvFormatException} that says so. Of the last page of what is left nothing is reported: it reads as zeros.
 */
public final class MappedFile {
    /** The longest {@link #slice}. */
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
     * Maps a file, or a temporary copy of it where its file system cannot map.
     *
     * @throws IOException if it does not exist, is a folder, or cannot be read, or there is no room for a copy
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
     * Copies a stream to a file in the folder of temporary files, readable by its owner alone, and maps that. The file is
     * deleted at once where the operating system lets mapped files be deleted, else when the JVM ends; it is deleted in any case
     * if this fails.
     *
     * @param name names the source in error messages; need not exist
     * @param in read to its end, or for {@code length} bytes and no further; stays open
     * @param length in bytes; -1 if it is not known
     * @throws EOFException if the stream ends before its length
     * @throws IOException if the stream cannot be read, or the disk has no room
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

    /** The path it was opened by; of a copied stream its name. */
    public Path path() {
        return path;
    }

    /** Whether a copy is mapped, and not the file at {@link #path}, which need not exist then. */
    public boolean isCopy() {
        return copy;
    }

    /** The file's length in bytes, when it was mapped. */
    public long size() {
        return size;
    }

    /**
     * A little-endian, read-only view of part of the file. Who reads it must not let an {@link InternalError} pass as what it
     * is: see {@link #reading}.
     *
     * @param length at most {@link #MAX_SLICE}
     * @throws IndexOutOfBoundsException if the part is not within the file
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
     * Copies part of the file.
     *
     * @param length at most {@link #MAX_SLICE}
     * @throws IndexOutOfBoundsException if the part is not within the file, or does not fit {@code to}
     * @throws RwkvFormatException if the file was cut short meanwhile
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
     * Does what reads {@link #slice slices} of the file.
     *
     * @return what {@code reader} returns
     * @throws RwkvFormatException if the file was cut short meanwhile, or {@code reader} throws it
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
