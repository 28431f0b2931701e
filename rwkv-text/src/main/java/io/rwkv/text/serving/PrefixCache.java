package io.rwkv.text.serving;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.serving.SnapshotFile.Contents;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.TreeSet;

/**
 * Remembers states by the exact tokens that were read, so that no prompt need be read twice from its beginning: a system prompt
 * that many prompts begin with, a conversation that goes on.
 *
 * <pre>{@code
 * PrefixMatch match = cache.lookup(prompt);
 * int done = match.length();
 * float[] logits = match.logits().orElse(null);
 * for (int point : match.snapshotPoints()) {                       // the last one is the prompt's end
 *     logits = model.logits(Arrays.copyOfRange(prompt, done, point), match.state());
 *     cache.store(prompt, point, match.state(), logits);
 *     done = point;
 * }
 * }</pre>
 *
 * All states are those of prompts read from {@link RwkvModel#newState()}. Do not store a state that began otherwise, such as a
 * tuned one: that cannot be noticed. Going on from a remembered state gives what reading all tokens gives, as far as splitting a
 * text does: the same up to rounding.
 *
 * <p><b>Bounds.</b> States, logits and token paths take at most {@link PrefixCacheOptions#maxBytes}, as counted by {@link
 * #bytes()}. What was used least recently is evicted first. What does not fit at all is not stored.
 *
 * <p><b>Files.</b> With a {@link PrefixCacheOptions#spillFolder} evicted snapshots are written to files, in a thread of the
 * cache's own, and are read back when a prompt needs them. {@link #close()} writes what is in memory, and a new cache on the
 * folder finds it. Each model has a subfolder, also the same checkpoint in another precision or engine, whose states differ.
 * Several caches and processes may share a folder; a cache knows the files that were there when it was made, and its own. Files
 * are believed only after a checksum. One that is damaged, or not what its name says, is deleted with a warning in the log. Files
 * hold the tokens in the clear: who may read the folder can read the prompts.
 *
 * <p>Safe for any number of threads. {@code lookup}, {@code store} and {@code pin} copy a state, and may read a file; they never
 * write one and never wait for one that is written. The model stays the caller's. It must be open while the cache is made, if
 * there is a folder.
 */
public final class PrefixCache implements AutoCloseable {
    private final RwkvModel model;
    private final PrefixCacheOptions options;
    private final Spill spill; // null without a folder
    private final Object lock = new Object();
    private final Snapshots snapshots; // guarded by lock, like all that follows
    private long hits;
    private long misses;
    private long tokensSaved;
    private boolean closed;

    /** A cache with {@link PrefixCacheOptions#defaults()}. */
    public PrefixCache(RwkvModel model) {
        this(model, PrefixCacheOptions.defaults());
    }

    /**
     * An empty cache, or, with a folder, one of what the folder holds. The caller closes it. With a folder, the model reads a few
     * tokens, and the beginnings of the folder's files are read.
     *
     * @param model whose states are remembered; not closed by the cache
     * @throws UncheckedIOException if the folder cannot be made or read
     * @throws IllegalStateException if there is a folder and the model is closed
     */
    public PrefixCache(RwkvModel model, PrefixCacheOptions options) {
        this.model = Objects.requireNonNull(model, "model");
        this.options = Objects.requireNonNull(options, "options");
        snapshots = new Snapshots(options.maxBytes(), options.spillFolder().isPresent());
        spill = options.spillFolder().map(this::spillTo).orElse(null);
    }

    private Spill spillTo(Path folder) {
        try {
            return new Spill(new SpillFolder(folder, model, options.maxSpillBytes()), snapshots, lock,
                    options.maxSpillBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("spillFolder " + folder + ": " + e.getMessage(), e);
        }
    }

    /**
     * Finds the longest remembered sequence that the prompt begins with. One that is the whole prompt counts only if its logits are
     * remembered too: without them a token must be read.
     *
     * @param tokens the prompt, from its beginning; may be empty
     * @return what is remembered; if nothing is, a new state
     * @throws IllegalArgumentException if a token is not in the vocabulary
     * @throws IllegalStateException if the cache is closed
     */
    public PrefixMatch lookup(int[] tokens) {
        checkTokens(tokens, tokens.length);
        while (true) {
            Snapshots.Found found;
            RwkvState state = null;
            float[] logits = null;
            synchronized (lock) {
                checkOpen();
                found = snapshots.find(tokens);
                if (found.best() == null) {
                    misses++;
                    return new PrefixMatch(0, model.newState(), null, points(0, found.known(), tokens.length));
                }
                if (found.best().state != null) {
                    state = found.best().state;
                    logits = found.best().logits;
                    use(found.best());
                }
            }
            if (state != null) {
                state = Snapshot.copy(state); // outside the lock: nobody waits for it but those who copy the same
            } else {
                Contents contents = spill.load(found.best());
                if (contents == null || contents.logits() == null && found.best().length == tokens.length) {
                    continue; // it is in memory by now, or its file is gone: the next best counts
                }
                state = contents.state();
                logits = contents.logits();
            }
            return hit(found, tokens.length, state, logits);
        }
    }

    private PrefixMatch hit(Snapshots.Found found, int tokens, RwkvState state, float[] logits) {
        int length = found.best().length;
        synchronized (lock) {
            hits++;
            tokensSaved += length;
        }
        return length == tokens
                ? new PrefixMatch(length, state, logits.clone(), new int[0])
                : new PrefixMatch(length, state, null, points(length, found.known(), tokens));
    }

    private int[] points(int matched, int known, int length) {
        TreeSet<Integer> points = new TreeSet<>();
        if (known > matched && known - matched >= options.minBranch()) {
            points.add(known);
        }
        int stride = options.stride();
        if (stride > 0) {
            for (long at = (matched / stride + 1L) * stride; at < length; at += stride) {
                points.add((int) at);
            }
        }
        if (length > 0) {
            points.add(length);
        }
        return points.stream().mapToInt(Integer::intValue).toArray();
    }

    /**
     * Remembers the state after the first tokens of a prompt. If the same tokens are remembered already, they stay as they are and
     * count as used now; logits are added if there were none.
     *
     * @param tokens the prompt; copied
     * @param length how many of the tokens the state has read, counted from a new state; 1 to {@code tokens.length}
     * @param state copied
     * @param logits the logits after the last of these tokens, [vocabulary]; copied. Null if they are not known
     * @return false if it does not fit, beside what is pinned; then it is not remembered, or not with its logits
     * @throws IllegalArgumentException if the state was made by another model, if a token is not in the vocabulary, or if a length
     * is wrong
     * @throws IllegalStateException if another thread is using the state, or if the cache is closed
     */
    public boolean store(int[] tokens, int length, RwkvState state, float[] logits) {
        checkLength(tokens, length);
        int vocabulary = model.config().vocabularySize();
        if (logits != null && logits.length != vocabulary) {
            throw new IllegalArgumentException(
                    "logits: expected " + vocabulary + " elements, found " + logits.length);
        }
        RwkvState copy = model.newState();
        copy.copyFrom(state);
        float[] logitsCopy = logits == null ? null : logits.clone();
        synchronized (lock) {
            checkOpen();
            boolean stored = snapshots.add(tokens, length, copy, logitsCopy);
            writeEvicted();
            return stored;
        }
    }

    /**
     * Keeps a remembered state in memory until {@link #unpin}. Pinning twice is the same as once. Pins are not saved in files.
     *
     * @param tokens exactly those of the state, as stored
     * @return false if there is no such state any more, or no room for it; then nothing is pinned
     * @throws IllegalArgumentException if there is no token, or if one is not in the vocabulary
     * @throws IllegalStateException if the cache is closed
     */
    public boolean pin(int[] tokens) {
        checkLength(tokens, tokens.length);
        for (int attempt = 0;; attempt++) {
            Snapshot snapshot;
            synchronized (lock) {
                checkOpen();
                snapshot = snapshots.get(tokens, tokens.length);
                if (snapshot != null && snapshot.place == Snapshot.Place.WRITING) {
                    use(snapshot);
                }
                if (snapshot != null && snapshot.place == Snapshot.Place.MEMORY) {
                    snapshots.pin(snapshot, true);
                    return true;
                }
                // A second time: it was read, and found no room.
                if (snapshot == null || snapshot.place != Snapshot.Place.FILE || attempt > 0) {
                    return false;
                }
            }
            spill.load(snapshot);
        }
    }

    /**
     * Lets a pinned state be evicted again.
     *
     * @param tokens exactly those of the state, as pinned
     * @return false if it was not pinned
     * @throws IllegalArgumentException as {@link #pin}
     */
    public boolean unpin(int[] tokens) {
        checkLength(tokens, tokens.length);
        synchronized (lock) {
            Snapshot snapshot = snapshots.get(tokens, tokens.length);
            boolean pinned = snapshot != null && snapshot.pinned;
            if (pinned) {
                snapshots.pin(snapshot, false);
            }
            return pinned;
        }
    }

    private void use(Snapshot snapshot) {
        snapshots.use(snapshot);
        writeEvicted();
    }

    private void writeEvicted() {
        if (spill != null) {
            spill.writeEvicted();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("prefix cache is closed");
        }
    }

    private void checkLength(int[] tokens, int length) {
        if (length < 1 || length > tokens.length) {
            throw new IllegalArgumentException("length: expected 1 to the number of tokens, " + tokens.length
                    + ", found " + length);
        }
        checkTokens(tokens, length);
    }

    private void checkTokens(int[] tokens, int length) {
        int vocabulary = model.config().vocabularySize();
        for (int i = 0; i < length; i++) {
            if (tokens[i] < 0 || tokens[i] >= vocabulary) {
                throw new IllegalArgumentException(
                        "tokens[" + i + "]: expected 0 to " + (vocabulary - 1) + ", found " + tokens[i]);
            }
        }
    }

    /** Whose states these are. */
    RwkvModel model() {
        return model;
    }

    /** How many lookups found something. */
    public long hits() {
        synchronized (lock) {
            return hits;
        }
    }

    /** How many lookups found nothing. */
    public long misses() {
        synchronized (lock) {
            return misses;
        }
    }

    /** How many tokens need not be read thanks to the hits: the sum of their {@link PrefixMatch#length() lengths}. */
    public long tokensSaved() {
        synchronized (lock) {
            return tokensSaved;
        }
    }

    /**
     * The memory taken now, in bytes: states, logits, token paths, and an estimate of the objects around them. At most
     * {@link PrefixCacheOptions#maxBytes}, and with a folder up to a quarter more, or one snapshot, while evicted snapshots are
     * written.
     */
    public long bytes() {
        synchronized (lock) {
            return snapshots.bytes();
        }
    }

    /** How many snapshots are in memory, not counting evicted ones that are being written. */
    public int entries() {
        synchronized (lock) {
            return snapshots.entries();
        }
    }

    /** How many snapshots were evicted from memory, written to files or not. */
    public long evictions() {
        synchronized (lock) {
            return snapshots.evictions();
        }
    }

    /** How often a snapshot, or its logits, did not fit: too large for the bound, or for what is pinned beside it. */
    public long refusals() {
        synchronized (lock) {
            return snapshots.refusals();
        }
    }

    /** How many snapshots this cache has written to files. */
    public long spills() {
        synchronized (lock) {
            return spill == null ? 0 : spill.spills();
        }
    }

    /** How many evicted snapshots were lost, because writing failed or came too slowly. */
    public long lostSpills() {
        synchronized (lock) {
            return snapshots.dropped();
        }
    }

    /** How many snapshots were read from files. */
    public long loads() {
        synchronized (lock) {
            return spill == null ? 0 : spill.loads();
        }
    }

    /** How many files were damaged or not what they should have been, and were deleted. */
    public long discardedFiles() {
        return spill == null ? 0 : spill.discarded();
    }

    /** How many snapshots are known to be in files and are not in memory too. */
    public int fileEntries() {
        synchronized (lock) {
            return snapshots.fileEntries();
        }
    }

    /** What the files of this model take now, in bytes, whoever wrote them. Looks into the folder; 0 if that cannot be read. */
    public long fileBytes() {
        return spill == null ? 0 : spill.bytes();
    }

    /** For tests: waits until all that is evicted is written. */
    void awaitWritten() {
        spill.awaitWritten();
    }

    /**
     * With a folder: writes the snapshots in memory to files, as many as {@link PrefixCacheOptions#maxSpillBytes} allows, and
     * waits for that. What cannot be written is lost, with a warning in the log. All that matches read from the cache stays
     * usable. Closing twice is harmless.
     *
     * <p>A cache that is never closed loses what is in memory when it is forgotten, and nothing else.
     */
    @Override
    public void close() {
        synchronized (lock) {
            if (!closed && spill != null) {
                spill.writeAll();
            }
            closed = true;
        }
        if (spill != null) {
            spill.awaitEnd();
        }
    }
}
