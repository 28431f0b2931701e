package io.rwkv.text.serving;

import io.rwkv.core.RwkvState;
import io.rwkv.text.serving.SnapshotFile.Contents;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Moves snapshots between memory and files. Writes in a thread of its own, which ends when there is nothing to do. Nothing is
 * read or written under the cache's lock.
 */
final class Spill {
    private static final Logger LOG = LoggerFactory.getLogger(Spill.class);
    private static final long IDLE_SECONDS = 5;

    private final SpillFolder folder;
    private final Snapshots snapshots; // guarded by lock
    private final Object lock; // the cache's
    private final long maxBytes;
    private final ThreadPoolExecutor writer;
    private long spills; // guarded by lock
    private long loads; // likewise
    private boolean failing; // of the writer's thread

    /**
     * Has the snapshots learn what the folder holds.
     *
     * @param maxBytes of all files
     */
    Spill(SpillFolder folder, Snapshots snapshots, Object lock, long maxBytes) throws IOException {
        this.folder = folder;
        this.snapshots = snapshots;
        this.lock = lock;
        this.maxBytes = maxBytes;
        folder.trim();
        synchronized (lock) {
            folder.scan(snapshots::addFile);
            snapshots.filesCameNewestFirst();
        }
        writer = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                task -> OwnThreads.of(task, "rwkv-prefix-cache"));
        writer.allowCoreThreadTimeOut(true);
    }

    /** Has the evicted be written. Called with the lock. */
    void writeEvicted() {
        snapshots.toWrite().forEach(this::submit);
    }

    /** Has all that is in memory be written, if there is room, and ends the writing after that. Called with the lock. */
    void writeAll() {
        writeEvicted();
        List<Snapshot> remembered = snapshots.remembered();
        Deque<Snapshot> kept = new ArrayDeque<>();
        long bytes = 0;
        for (int i = remembered.size() - 1; i >= 0 && bytes <= maxBytes; i--) {
            Snapshot next = remembered.get(i);
            long size = SpillFolder.fileBytes(next.length, next.state, next.logits);
            if (size <= maxBytes) {
                bytes += size;
                kept.push(next);
            }
        }
        kept.forEach(this::submit); // those used last come last, so that their files are the newest
        writer.shutdown();
    }

    /** Waits, after {@link #writeAll()}, until all is written. An interrupt is kept for later. */
    void awaitEnd() {
        boolean interrupted = false;
        while (true) {
            try {
                if (writer.awaitTermination(1, TimeUnit.HOURS)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void submit(Snapshot snapshot) {
        writer.execute(() -> write(snapshot));
    }

    private void write(Snapshot snapshot) {
        int[] tokens;
        RwkvState state;
        float[] logits;
        String file;
        synchronized (lock) {
            if (snapshot.state == null) {
                return; // already written
            }
            tokens = snapshot.node.tokens();
            state = snapshot.state;
            logits = snapshot.logits;
            file = snapshot.file;
        }
        if (file != null) {
            folder.use(file);
            return;
        }
        List<String> deleted = new ArrayList<>();
        try {
            // A copy, since saving claims the state for as long as the disk takes.
            file = folder.write(tokens, Snapshot.copy(state), logits);
            deleted.addAll(folder.trim());
            failing = false;
        } catch (IOException | ArithmeticException e) {
            if (!failing) { // one line, not one for each snapshot, while a disk is full
                LOG.warn("A snapshot of {} tokens cannot be written, and is forgotten when it is evicted: {}",
                        tokens.length, e.toString());
            }
            failing = true;
        } finally {
            synchronized (lock) {
                spills += file == null ? 0 : 1;
                snapshots.written(snapshot, file, logits);
                snapshots.deleted(deleted);
            }
        }
    }

    /**
     * Reads a snapshot that is in a file alone, and has it remembered in memory if there is room.
     *
     * @return the caller's own; null if it is no longer in a file alone. If the file is not to be had, the snapshot is forgotten
     */
    Contents load(Snapshot snapshot) {
        synchronized (snapshot) { // one reads; who wants the same finds it in memory then
            int[] tokens;
            String file;
            synchronized (lock) {
                if (snapshot.place != Snapshot.Place.FILE) {
                    return null;
                }
                tokens = snapshot.node.tokens();
                file = snapshot.file;
            }
            Contents contents = folder.read(file, tokens);
            RwkvState copy = contents == null ? null : contents.state().copy();
            synchronized (lock) {
                loads += contents == null ? 0 : 1;
                if (snapshot.place == Snapshot.Place.FILE && contents == null) {
                    snapshots.drop(snapshot);
                } else if (snapshot.place == Snapshot.Place.FILE && !writer.isShutdown()) { // else too late to evict others
                    snapshot.hasLogits = contents.logits() != null; // another process may have written without
                    snapshots.admit(snapshot, copy, contents.logits());
                    writeEvicted();
                }
            }
            return contents;
        }
    }

    long spills() {
        return spills;
    }

    long loads() {
        return loads;
    }

    long discarded() {
        return folder.discarded();
    }

    long bytes() {
        return folder.bytes();
    }

    /** Waits until all that was to be written is written. */
    void awaitWritten() {
        try {
            writer.submit(() -> {}).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
