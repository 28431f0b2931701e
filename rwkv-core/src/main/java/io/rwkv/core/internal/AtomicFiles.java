package io.rwkv.core.internal;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Writes files whole or not at all. Any number of threads and processes may write one target: the last to end wins, whole.
 *
 * <p>There is no shutdown hook: a write works inside of one like anywhere else, and a JVM that ends during a write leaves the
 * target as it was, and a temporary file that the next write into the folder removes, by whatever process.
 */
public final class AtomicFiles {
    /** Writes a file that is empty at first. */
    @FunctionalInterface
    public interface Writer {
        /** @param out not to be closed; on the default file system a {@link java.nio.channels.FileChannel} */
        void write(SeekableByteChannel out) throws IOException;
    }

    private static final int MAX_LINKS = 40;

    private AtomicFiles() {
    }

    /**
     * The file that a write to this path creates or replaces: what it links to, if it is a symbolic link.
     *
     * @throws FileSystemException if there is no folder for it, or something else in its place
     */
    public static Path target(Path path) throws IOException {
        Path target = path.toAbsolutePath();
        for (int links = 0; Files.isSymbolicLink(target); links++) { // even if there is nothing yet at its end
            if (links == MAX_LINKS) {
                throw new FileSystemLoopException(path.toString());
            }
            target = target.resolveSibling(Files.readSymbolicLink(target));
        }
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            throw new FileSystemException(path.toString(), null, "expected a file to write, found "
                    + (Files.isDirectory(target) ? "a folder" : "something else"));
        }
        try {
            if (Files.readAttributes(target.getParent(), BasicFileAttributes.class).isDirectory()) {
                return target;
            }
        } catch (NoSuchFileException e) {
            // said below
        }
        throw new FileSystemException(path.toString(), null, "no such folder: " + target.getParent());
    }

    /**
     * Writes beside the target, forces the result to the disk and moves it into place. If anything fails, the target is as it
     * was and nothing else is left behind. A file that is replaced passes its permissions on, and its owner and group where
     * this process may set them; a new one gets what the folder and the process's umask give. Nobody can read the data while
     * it is written who could not read the target.
     *
     * @throws IOException if the disk or the folder refuses; it names the target
     */
    public static void write(Path path, Writer writer) throws IOException {
        Path target = target(path);
        try (TemporaryFile temporary = TemporaryFile.beside(target)) {
            writer.write(temporary.channel());
            temporary.moveTo(target);
        }
    }
}
