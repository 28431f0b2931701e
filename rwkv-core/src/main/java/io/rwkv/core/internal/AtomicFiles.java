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

    /** Writes beside the target, then moves the result there; if anything fails, nothing is left behind. */
    public static void write(Path path, Writer writer) throws IOException {
        Path target = path.toAbsolutePath();
        Path temporary = target.resolveSibling(
                target.getFileName() + "." + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
        try {
            writer.write(temporary);
            try {
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
