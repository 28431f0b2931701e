package io.rwkv.core.internal;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.ThreadLocalRandom;

/** Writes files whole or not at all. */
public final class AtomicFiles {
    /** Writes a file that does not exist yet. */
    @FunctionalInterface
    public interface Writer {
        /** @param temporary to be created with the usual permissions */
        void write(Path temporary) throws IOException;
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
     * Writes beside the target, then moves the result there; if anything fails, or the program is told to end meanwhile,
     * nothing is left behind.
     */
    public static void write(Path path, Writer writer) throws IOException {
        Path target = target(path);
        Path temporary = target.resolveSibling(
                target.getFileName() + "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
        Thread cleaner = new Thread(() -> {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                // The program ends, and there is nobody to tell.
            }
        }, "deletes " + temporary.getFileName());
        Runtime.getRuntime().addShutdownHook(cleaner);
        try {
            writer.write(temporary);
            try {
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(temporary);
            try {
                Runtime.getRuntime().removeShutdownHook(cleaner);
            } catch (IllegalStateException e) {
                // The program is ending, and the hook has run or will run and find nothing.
            }
        }
    }
}
