package io.rwkv.text.serving;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.internal.AtomicFiles;
import io.rwkv.text.serving.SnapshotFile.Contents;
import io.rwkv.text.serving.SnapshotFile.Origin;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * The files of one model's snapshots. They lie in a subfolder named after the model and its way of computing, so that several
 * models may share a folder. A file is named after its tokens, so that processes that write the same snapshot write the same file.
 * Any process may delete any of them at any time. Safe for any number of threads.
 */
final class SpillFolder {
    private static final Logger LOG = LoggerFactory.getLogger(SpillFolder.class);
    private static final String SUFFIX = ".snapshot";
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{32}\\.snapshot");
    private static final int PROBE = 8; // tokens

    private final Path folder;
    private final long maxBytes;
    private final RwkvModel model;
    private final Origin origin;
    private final AtomicLong discarded = new AtomicLong();

    private record Entry(Path path, long size, FileTime used) {}

    /** Takes what a file holds, while the folder is looked through; false to end that. */
    interface Taker {
        boolean take(int[] tokens, boolean hasLogits, String file);
    }

    /** @throws IOException if the folder cannot be made */
    SpillFolder(Path parent, RwkvModel model, long maxBytes) throws IOException {
        this.maxBytes = maxBytes;
        this.model = model;
        this.origin = new Origin(model.fingerprint(), computation(model));
        this.folder = parent.resolve("rwkv-" + origin.fingerprint() + "-" + origin.computation());
        try {
            Files.createDirectories(folder);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder)) { // one of the parents may be a link to a folder
                throw e;
            }
        }
    }

    /**
     * Tells ways of computing apart: a hash of what the model makes of some tokens. The fingerprint is that of the checkpoint; the
     * same one may run in other precisions and engines, whose states differ.
     */
    private static String computation(RwkvModel model) {
        int[] tokens = new int[PROBE];
        for (int i = 0; i < PROBE; i++) {
            tokens[i] = (int) ((long) (model.config().vocabularySize() - 1) * i / PROBE);
        }
        RwkvState state = model.newState();
        MessageDigest digest = digest();
        update(digest, model.logits(tokens, state));
        for (int layer = 0; layer < state.layers(); layer++) {
            for (String part : state.parts()) {
                update(digest, state.read(layer, part));
            }
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 8);
    }

    private static void update(MessageDigest digest, float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length);
        bytes.asFloatBuffer().put(values);
        digest.update(bytes);
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static String name(int[] tokens) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * tokens.length);
        bytes.asIntBuffer().put(tokens);
        return HexFormat.of().formatHex(digest().digest(bytes.array()), 0, 16) + SUFFIX;
    }

    /** A little less than what a snapshot's file takes. */
    static long fileBytes(int length, RwkvState state, float[] logits) {
        return (long) Integer.BYTES * length + state.byteSize()
                + (logits == null ? 0 : (long) Float.BYTES * logits.length);
    }

    /** How many files were not what they should have been. */
    long discarded() {
        return discarded.get();
    }

    /** What all files take, whoever wrote them; 0 if the folder cannot be read. */
    long bytes() {
        try {
            return entries().stream().mapToLong(Entry::size).sum();
        } catch (IOException e) {
            return 0;
        }
    }

    /**
     * Tells what there is, most recently used first. Only the files' beginnings are read.
     *
     * @throws IOException if the folder cannot be read
     */
    void scan(Taker taker) throws IOException {
        List<Entry> entries = entries();
        entries.sort(Comparator.comparing(Entry::used).reversed());
        for (Entry entry : entries) {
            String file = entry.path.getFileName().toString();
            try (SnapshotFile.Reader in = new SnapshotFile.Reader(entry.path, origin, model)) {
                int[] tokens = in.tokens();
                checkName(entry.path, tokens);
                if (!taker.take(tokens, in.hasLogits(), file)) {
                    return;
                }
            } catch (NoSuchFileException e) {
                // Another process deleted it.
            } catch (IOException e) {
                LOG.warn("A snapshot cannot be read, and is not used: {}", e.toString());
            } catch (RwkvFormatException e) {
                discard(entry.path, e);
            }
        }
    }

    /** Swapped or renamed files are whole, but not what a cache that knows their names expects. */
    private static void checkName(Path path, int[] tokens) {
        String name = name(tokens);
        if (!path.endsWith(name)) {
            throw RwkvFormatException.inFile(path, "expected the snapshot of other tokens, found that of " + name);
        }
    }

    /**
     * Writes a snapshot, in the place of an earlier file of the same tokens.
     *
     * @return the file's name; null if it would be larger than all files together may be
     * @throws ArithmeticException if the state is not made of numbers alone
     */
    String write(int[] tokens, RwkvState state, float[] logits) throws IOException {
        if (fileBytes(tokens.length, state, logits) > maxBytes) {
            return null;
        }
        String name = name(tokens);
        AtomicFiles.write(folder.resolve(name), out -> SnapshotFile.write(out, origin, tokens, state, logits));
        return name;
    }

    /**
     * Reads a snapshot.
     *
     * @param tokens that it must be of
     * @return null if there is no such file any more, or if it is not what it should be; then it is deleted, with a warning
     */
    Contents read(String file, int[] tokens) {
        Path path = folder.resolve(file);
        try (SnapshotFile.Reader in = new SnapshotFile.Reader(path, origin, model)) {
            if (!Arrays.equals(in.tokens(), tokens)) {
                throw RwkvFormatException.inFile(path, "expected the snapshot of other tokens: it was replaced");
            }
            Contents contents = in.contents();
            use(file);
            return contents;
        } catch (NoSuchFileException e) {
            return null; // another process deleted it
        } catch (IOException e) {
            LOG.warn("A snapshot cannot be read, and is not used: {}", e.toString());
            return null;
        } catch (RwkvFormatException e) {
            discard(path, e);
            return null;
        }
    }

    private void discard(Path path, RwkvFormatException cause) {
        discarded.incrementAndGet();
        LOG.warn("Snapshot {} is not used, and is deleted: {}", path, cause.getMessage());
        delete(path);
    }

    /** Notes in the file's time that it was used; that tells which go first, in other processes too. */
    void use(String file) {
        try {
            Files.setLastModifiedTime(folder.resolve(file), FileTime.from(Instant.now()));
        } catch (IOException e) {
            // It goes sooner.
        }
    }

    /** Deletes the least recently used files, whoever wrote them, until all fit the bound. Gives their names. */
    List<String> trim() throws IOException {
        List<Entry> entries = entries();
        entries.sort(Comparator.comparing(Entry::used));
        long bytes = entries.stream().mapToLong(Entry::size).sum();
        List<String> deleted = new ArrayList<>();
        for (Entry entry : entries) {
            if (bytes <= maxBytes) {
                break;
            }
            if (delete(entry.path)) {
                bytes -= entry.size;
                deleted.add(entry.path.getFileName().toString());
            }
        }
        return deleted;
    }

    private static boolean delete(Path path) {
        try {
            Files.deleteIfExists(path);
            return true;
        } catch (IOException e) {
            LOG.warn("A snapshot cannot be deleted: {}", e.toString());
            return false;
        }
    }

    /** All snapshots' files; files of other names are nobody's business here. */
    private List<Entry> entries() throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(folder,
                path -> NAME.matcher(path.getFileName().toString()).matches())) {
            for (Path path : paths) {
                try {
                    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class,
                            LinkOption.NOFOLLOW_LINKS);
                    if (attributes.isRegularFile()) {
                        entries.add(new Entry(path, attributes.size(), attributes.lastModifiedTime()));
                    }
                } catch (NoSuchFileException e) {
                    // Another process deleted it.
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return entries;
    }
}
