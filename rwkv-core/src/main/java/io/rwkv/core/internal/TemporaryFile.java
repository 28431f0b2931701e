package io.rwkv.core.internal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * A file in the making, beside its target. It is locked as long as it is written, which tells others that its process lives:
 * see {@link Leftovers}. Closing deletes it unless it has been moved to its target. For one thread.
 */
final class TemporaryFile implements Closeable {
    private static final int ATTEMPTS = 100;
    private static final boolean WINDOWS = System.getProperty("os.name", "").startsWith("Windows");

    private final Path path;
    private final SeekableByteChannel channel;
    private final FileLock lock; // null where there are none
    private final FileAccess access; // of the target when this was made
    private boolean moved;

    private TemporaryFile(Path path, SeekableByteChannel channel, FileLock lock, FileAccess access) {
        this.path = path;
        this.channel = channel;
        this.lock = lock;
        this.access = access;
    }

    /** Makes one in the target's folder, and removes those that dead processes have left there. */
    static TemporaryFile beside(Path target) throws IOException {
        Leftovers.sweep(target.getParent());
        FileAccess access = FileAccess.of(target);
        for (int i = 0; i < ATTEMPTS; i++) {
            // The name says nothing of the target, whose own name may be as long as the file system allows.
            Path path = target.resolveSibling(Leftovers.newName());
            TemporaryFile made = create(target, path, access);
            if (made != null) {
                return made;
            }
        }
        throw new FileSystemException(target.toString(), null,
                "every temporary file vanished in " + target.getParent());
    }

    /** Null if the name is taken, or a sweep came between making and locking it. */
    private static TemporaryFile create(Path target, Path path, FileAccess access) throws IOException {
        SeekableByteChannel channel;
        try {
            channel = open(path, access);
        } catch (FileAlreadyExistsException e) {
            return null;
        } catch (FileSystemException e) {
            throw inFolder(target, e);
        }
        try {
            FileLock lock = null;
            if (channel instanceof FileChannel file) {
                try {
                    lock = file.tryLock();
                } catch (IOException e) {
                    // No locks here; nor can a sweep have one, which therefore deletes nothing.
                    return new TemporaryFile(path, channel, null, access);
                }
                if (lock == null || !Files.exists(path)) {
                    channel.close();
                    return null;
                }
            }
            return new TemporaryFile(path, channel, lock, access);
        } catch (IOException | RuntimeException | Error e) {
            try (channel) {
                Files.deleteIfExists(path);
            } catch (IOException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    private static SeekableByteChannel open(Path path, FileAccess access) throws IOException {
        Set<StandardOpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            return Files.newByteChannel(path, options, access.whileWriting());
        } catch (UnsupportedOperationException e) {
            return Files.newByteChannel(path, options); // no access to choose here
        }
    }

    private static FileSystemException inFolder(Path target, FileSystemException cause) {
        String reason = "cannot create a file in " + target.getParent();
        FileSystemException e = cause instanceof AccessDeniedException
                ? new AccessDeniedException(target.toString(), null, reason)
                : new FileSystemException(target.toString(), null,
                        cause.getReason() == null ? reason : reason + ": " + cause.getReason());
        e.initCause(cause);
        return e;
    }

    /** Where to write. */
    SeekableByteChannel channel() {
        return channel;
    }

    /** Ends the writing: the target holds all of it or, if this fails, what it held before. */
    void moveTo(Path target) throws IOException {
        // Another process may have made or changed the target meanwhile.
        FileAccess now = FileAccess.of(target);
        (now.isKnown() ? now : access).applyTo(path);
        if (channel instanceof FileChannel file) {
            file.force(true); // else a power failure could leave an empty file under the target's name
        }
        // Locked until it has its place, so that no sweep takes it; but Windows may not move, and other file systems do not
        // hold, what is still open. A sweep there goes by age.
        if (lock == null || WINDOWS) {
            channel.close();
        }
        try {
            try {
                // Some file systems replace nothing unless told to; the others do not mind.
                Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException | UnsupportedOperationException e) {
                Files.move(path, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (FileSystemException e) {
            FileSystemException named = new FileSystemException(target.toString(), null,
                    "cannot be replaced" + (e.getReason() == null ? "" : ": " + e.getReason()));
            named.initCause(e);
            throw named;
        }
        moved = true;
        syncFolder(target.getParent());
    }

    /** So that not only the file's data but also its new name outlasts a power failure. */
    private static void syncFolder(Path folder) {
        try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        } catch (IOException | UnsupportedOperationException e) {
            // Windows and some network file systems open no folders. The file is in its place all the same.
        }
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            if (!moved) {
                // While it is locked, so that nobody else can mistake it for a leftover.
                if (WINDOWS || lock == null) {
                    channel.close();
                }
                Files.deleteIfExists(path);
            }
        }
    }
}
