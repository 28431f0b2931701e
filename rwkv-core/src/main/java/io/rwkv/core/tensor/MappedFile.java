package io.rwkv.core.tensor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A whole file mapped read-only, of any length. Nothing is copied to the heap until it is asked for.
 *
 * <p>Safe for any number of threads. The mapping is released when the object is no longer reachable: Java 17 has no way to
 * unmap at once that would not crash a thread still reading. The file itself is closed as soon as it is mapped.
 */
public final class MappedFile {
    /** The longest {@link #slice}. */
    public static final int MAX_SLICE = 1 << 24;

    /** Buffers start this far apart and overlap by MAX_SLICE, so that any slice lies within one of them. */
    private static final long STEP = 1L << 30;

    private final Path path;
    private final long size;
    private final ByteBuffer[] buffers;

    private MappedFile(Path path, long size, ByteBuffer[] buffers) {
        this.path = path;
        this.size = size;
        this.buffers = buffers;
    }

    /**
     * Maps a file.
     *
     * @throws IOException if it does not exist, is a folder, or cannot be read
     */
    public static MappedFile open(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer[] buffers = new ByteBuffer[(int) ((size + STEP - 1) / STEP)];
            for (int i = 0; i < buffers.length; i++) {
                long start = i * STEP;
                MappedByteBuffer buffer = channel.map(FileChannel.MapMode.READ_ONLY, start,
                        Math.min(STEP + MAX_SLICE, size - start));
                buffers[i] = buffer.order(ByteOrder.LITTLE_ENDIAN);
            }
            return new MappedFile(path, size, buffers);
        }
    }

    /** The path it was opened by. */
    public Path path() {
        return path;
    }

    /** The file's length in bytes. */
    public long size() {
        return size;
    }

    /**
     * A little-endian, read-only view of part of the file.
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
}
