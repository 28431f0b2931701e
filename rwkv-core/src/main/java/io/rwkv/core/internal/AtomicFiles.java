package io.rwkv.core.internal;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.ThreadLocalRandom;

/** Writes files whole or not at all. */
public final class AtomicFiles {
    /** Writes a file that does not exist yet. */
    @FunctionalInterface
    public interface Writer {
        /** @param temporary to be created with the usual permissions */
        void write(Path temporary) throws IOException;
    }

    private AtomicFiles() {
    }

    /**
     * Writes beside the target, then moves the result there; if anything fails, or the program is told to end meanwhile,
     * nothing is left behind.
     */
    public static void write(Path path, Writer writer) throws IOException {
        Path target = path.toAbsolutePath();
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
