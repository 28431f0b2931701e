package io.rwkv.text.serving;

import io.rwkv.core.RwkvState;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All snapshots of a cache: which there are, which of them goes next, and what they take. Guarded by the cache's lock.
 *
 * <p>What is held and the tree stay within the bound together. What is evicted and being written comes on top.
 */
final class Snapshots {
    /** Of the bound: as much for what is known of files alone, and again for what is being written. */
    private static final int SHARE = 4;

    /**
     * @param best null if nothing is remembered that the tokens begin with
     * @param known so many of the tokens lie on a path of the tree
     */
    record Found(Snapshot best, int known) {}

    private final long maxBytes;
    private final boolean writes; // evicted snapshots to files
    private final TokenTree<Snapshot> tree = new TokenTree<>();
    private final Set<Snapshot> inMemory = new LinkedHashSet<>(); // not pinned, least recently used first
    private final Set<Snapshot> pinned = new LinkedHashSet<>(); // in memory too
    private final Set<Snapshot> inFiles = new LinkedHashSet<>(); // in files alone, least recently used first
    private final Map<String, Snapshot> byFile = new HashMap<>();
    private final Deque<Snapshot> toWrite = new ArrayDeque<>();
    private long held; // by all else: those in memory and in files alone
    private long pinnedBytes; // part of held
    private long writing; // by the numbers of those that are being written
    private long indexed; // what those in files alone need at most, with their paths
    private long evictions;
    private long refusals;
    private long dropped;

    Snapshots(long maxBytes, boolean writes) {
        this.maxBytes = maxBytes;
        this.writes = writes;
    }

    long bytes() {
        return held + writing + tree.bytes();
    }

    int entries() {
        return inMemory.size() + pinned.size();
    }

    int fileEntries() {
        return inFiles.size();
    }

    long evictions() {
        return evictions;
    }

    /** How many were not stored as they would not fit. */
    long refusals() {
        return refusals;
    }

    /** How many were evicted and not written, though they should have been. */
    long dropped() {
        return dropped;
    }

    /** The longest snapshot that the tokens begin with. That of all of them counts only if it has logits. */
    Found find(int[] tokens) {
        Snapshot[] best = new Snapshot[1];
        int known = tree.follow(tokens, snapshot -> {
            if (snapshot.length < tokens.length || snapshot.hasLogits) {
                best[0] = snapshot;
            }
        });
        return new Found(best[0], known);
    }

    /** That of exactly these tokens; null if there is none. */
    Snapshot get(int[] tokens, int length) {
        return tree.get(tokens, length);
    }

    /**
     * Remembers a snapshot as the one used last. One of the same tokens is kept, since it holds the same, and gets the logits
     * if it has none.
     *
     * @return false if it does not fit
     */
    boolean add(int[] tokens, int length, RwkvState state, float[] logits) {
        Snapshot known = tree.get(tokens, length);
        if (known == null) {
            return hasRoom(length, state, logits) && addNew(tokens, length, state, logits);
        }
        if (known.place != Snapshot.Place.FILE) {
            use(known); // evicted for good at last, or still being written, if pins have taken the room since
            return known.place != Snapshot.Place.GONE && (logits == null || known.hasLogits
                    || known.place == Snapshot.Place.MEMORY && addLogits(known, logits));
        }
        if (known.hasLogits && logits == null) {
            use(known); // the file says more
            return true;
        }
        if (!known.hasLogits && logits != null) {
            unfile(known);
        }
        return admit(known, state, logits);
    }

    /** Whether it might fit beside what is pinned; what is not pinned need not go for one that cannot. */
    private boolean hasRoom(int length, RwkvState state, float[] logits) {
        long least = pinnedBytes + Snapshot.bytes(state, logits) + TokenTree.NODE_BYTES + (long) Integer.BYTES * length;
        if (least > maxBytes) {
            refusals++;
        }
        return least <= maxBytes;
    }

    private boolean addNew(int[] tokens, int length, RwkvState state, float[] logits) {
        Snapshot fresh = new Snapshot(length, state, logits);
        fresh.node = tree.put(tokens, length, fresh);
        hold(fresh);
        if (madeRoomFor(fresh)) {
            return true;
        }
        release(fresh);
        forget(fresh);
        return false;
    }

    private boolean addLogits(Snapshot snapshot, float[] logits) {
        changeLogits(snapshot, logits);
        if (madeRoomFor(snapshot)) {
            unfile(snapshot); // the file has none
            return true;
        }
        changeLogits(snapshot, null);
        return false;
    }

    private void changeLogits(Snapshot snapshot, float[] logits) {
        long before = snapshot.bytes();
        snapshot.logits = logits;
        snapshot.hasLogits = logits != null;
        held += snapshot.bytes() - before;
        pinnedBytes += snapshot.pinned ? snapshot.bytes() - before : 0;
    }

    /**
     * Takes a snapshot that is in a file alone into memory, as the one used last. If its file no longer holds the same, it is to
     * be {@link #unfile unfiled} first.
     *
     * @return false if it does not fit; it is then in its file as before, if it has one
     */
    boolean admit(Snapshot snapshot, RwkvState state, float[] logits) {
        boolean fits = hasRoom(snapshot.length, state, logits);
        if (fits) {
            leaveFile(snapshot);
            snapshot.state = state;
            snapshot.logits = logits;
            snapshot.hasLogits = logits != null;
            hold(snapshot);
            fits = madeRoomFor(snapshot);
            if (!fits) {
                release(snapshot);
                keepInFile(snapshot);
            }
        }
        if (snapshot.place == Snapshot.Place.FILE && snapshot.file == null) {
            drop(snapshot);
        }
        return fits;
    }

    /** Remembers what a file holds, unless that is remembered already; false if there is no room to know of more files. */
    boolean addFile(int[] tokens, boolean hasLogits, String file) {
        if (tree.get(tokens, tokens.length) != null) {
            return true;
        }
        if (indexed + indexBytes(tokens.length) > maxBytes / SHARE) {
            return false;
        }
        Snapshot snapshot = new Snapshot(tokens.length, null, null);
        snapshot.node = tree.put(tokens, tokens.length, snapshot);
        snapshot.hasLogits = hasLogits;
        inFile(snapshot, file);
        keepInFile(snapshot);
        return true;
    }

    /** Files were added with the most recently used first; turns their order round. */
    void filesCameNewestFirst() {
        List<Snapshot> all = new ArrayList<>(inFiles);
        Collections.reverse(all);
        inFiles.clear();
        inFiles.addAll(all);
    }

    /** Makes a snapshot the one used last, wherever it is. */
    void use(Snapshot snapshot) {
        switch (snapshot.place) {
            case MEMORY -> {
                if (inMemory.remove(snapshot)) {
                    inMemory.add(snapshot);
                }
            }
            case FILE -> {
                inFiles.remove(snapshot);
                inFiles.add(snapshot);
            }
            case WRITING -> {
                leaveWriting(snapshot);
                hold(snapshot);
                if (!madeRoomFor(snapshot)) {
                    evict(snapshot);
                }
            }
            default -> throw new IllegalStateException("no longer remembered");
        }
    }

    /** Keeps a snapshot that is in memory from being evicted, or no longer. */
    void pin(Snapshot snapshot, boolean pin) {
        if (snapshot.pinned != pin) {
            snapshot.pinned = pin;
            pinnedBytes += pin ? snapshot.bytes() : -snapshot.bytes();
            (pin ? inMemory : pinned).remove(snapshot);
            (pin ? pinned : inMemory).add(snapshot);
        }
    }

    private void hold(Snapshot snapshot) {
        snapshot.place = Snapshot.Place.MEMORY;
        inMemory.add(snapshot);
        held += snapshot.bytes();
    }

    private void release(Snapshot snapshot) {
        inMemory.remove(snapshot);
        held -= snapshot.bytes();
    }

    /** Evicts others, least recently used first; false if what is pinned leaves no room even so. */
    private boolean madeRoomFor(Snapshot fresh) {
        while (held + tree.bytes() > maxBytes && !inMemory.isEmpty()) {
            Snapshot eldest = inMemory.iterator().next();
            if (eldest == fresh) {
                break;
            }
            evict(eldest);
        }
        if (held + tree.bytes() > maxBytes) {
            refusals++;
            return false;
        }
        return true;
    }

    private void evict(Snapshot snapshot) {
        release(snapshot);
        evictions++;
        if (snapshot.file != null) {
            keepInFile(snapshot);
        } else if (writes && (writing == 0 || writing + snapshot.bytes() <= maxBytes / SHARE)) {
            snapshot.place = Snapshot.Place.WRITING;
            writing += snapshot.bytes() - Snapshot.BYTES;
            held += Snapshot.BYTES; // stays when it is in a file alone, so that the end of a write never exceeds the bound
            toWrite.add(snapshot);
        } else {
            dropped += writes ? 1 : 0;
            forget(snapshot);
        }
    }

    private void leaveWriting(Snapshot snapshot) {
        writing -= snapshot.bytes() - Snapshot.BYTES;
        held -= Snapshot.BYTES;
    }

    /** Those evicted since this was asked last, to be written; {@link #written} is to be told of each. */
    List<Snapshot> toWrite() {
        List<Snapshot> all = List.copyOf(toWrite);
        toWrite.clear();
        return all;
    }

    /**
     * Takes note of a snapshot's file.
     *
     * @param file null if it could not be written
     * @param logits that were written
     */
    void written(Snapshot snapshot, String file, float[] logits) {
        if (snapshot.place == Snapshot.Place.GONE || snapshot.logits != logits) {
            return; // if it got logits meanwhile, it is written again when it is evicted
        }
        if (file != null) {
            inFile(snapshot, file);
        }
        if (snapshot.place == Snapshot.Place.WRITING) {
            leaveWriting(snapshot);
            if (snapshot.file != null) {
                keepInFile(snapshot);
            } else {
                dropped++;
                forget(snapshot);
            }
        }
    }

    /** Takes note that files were deleted. */
    void deleted(Collection<String> files) {
        for (String file : files) {
            Snapshot snapshot = byFile.get(file);
            if (snapshot != null && snapshot.place == Snapshot.Place.FILE) {
                drop(snapshot);
            } else if (snapshot != null) {
                unfile(snapshot);
            }
        }
    }

    private void inFile(Snapshot snapshot, String file) {
        snapshot.file = file;
        byFile.put(file, snapshot);
    }

    /** A snapshot's file is gone or holds less. */
    void unfile(Snapshot snapshot) {
        if (snapshot.file != null) {
            byFile.remove(snapshot.file, snapshot);
            snapshot.file = null;
        }
    }

    private static long indexBytes(int length) {
        return Snapshot.BYTES + 2L * TokenTree.NODE_BYTES + (long) Integer.BYTES * length;
    }

    private void keepInFile(Snapshot snapshot) {
        snapshot.place = Snapshot.Place.FILE;
        snapshot.state = null;
        snapshot.logits = null;
        held += snapshot.bytes();
        indexed += indexBytes(snapshot.length);
        inFiles.add(snapshot);
        while (indexed > maxBytes / SHARE) {
            drop(inFiles.iterator().next()); // the file stays, and a new cache may find it
        }
    }

    private void leaveFile(Snapshot snapshot) {
        inFiles.remove(snapshot);
        indexed -= indexBytes(snapshot.length);
        held -= snapshot.bytes();
    }

    /** Forgets a snapshot that is in a file alone. */
    void drop(Snapshot snapshot) {
        leaveFile(snapshot);
        forget(snapshot);
    }

    private void forget(Snapshot snapshot) {
        unfile(snapshot);
        tree.remove(snapshot.node);
        snapshot.place = Snapshot.Place.GONE;
        snapshot.state = null;
        snapshot.logits = null;
    }

    /** Those in memory, least recently used first, and the pinned ones last. */
    List<Snapshot> remembered() {
        List<Snapshot> all = new ArrayList<>(inMemory);
        all.addAll(pinned);
        return all;
    }
}
