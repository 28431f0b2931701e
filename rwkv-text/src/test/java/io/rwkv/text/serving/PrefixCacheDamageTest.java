package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.loader.Rwkv;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Files that are not what they should be are never believed, whether found at the start or changed under a running cache. */
class PrefixCacheDamageTest {
    private static final int[] LONG = {1, 2, 3};
    private static final int[] SHORT = {1};
    private static RwkvModel model;
    private static KnownStates known;

    @TempDir
    Path folder;
    private Path longFile;
    private Path shortFile;
    private byte[] longBytes;
    private byte[] shortBytes;

    private interface Change {
        void make() throws IOException;
    }

    @BeforeAll
    static void open() {
        model = TinyModel.open();
        known = new KnownStates(model);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private PrefixCache cache(RwkvModel model) {
        return new PrefixCache(model,
                PrefixCacheOptions.builder().maxBytes(1 << 20).stride(0).spillFolder(folder).build());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(path -> path.toString().endsWith(".snapshot")).sorted().toList();
        }
    }

    @BeforeEach
    void write() throws IOException {
        try (PrefixCache cache = cache(model)) {
            known.store(cache, true, LONG);
        }
        longFile = files().get(0);
        try (PrefixCache cache = cache(model)) {
            known.store(cache, true, SHORT);
        }
        shortFile = files().stream().filter(path -> !path.equals(longFile)).findFirst().orElseThrow();
        longBytes = Files.readAllBytes(longFile);
        shortBytes = Files.readAllBytes(shortFile);
    }

    private void restore() throws IOException {
        Files.write(longFile, longBytes);
        Files.write(shortFile, shortBytes);
    }

    /** The long one is then not used and gone, and the short one is used. */
    private void assertNotBelieved(String what, Change change) throws IOException {
        for (boolean running : new boolean[]{false, true}) {
            restore();
            if (!running) {
                change.make();
            }
            try (PrefixCache cache = cache(model)) {
                if (running) {
                    change.make();
                }
                PrefixMatch match = cache.lookup(LONG);
                assertEquals(1, match.length(), what);
                known.check(LONG, match);
                assertEquals(1, cache.discardedFiles(), what);
                assertFalse(Files.exists(longFile), what);
                known.store(cache, true, LONG);
                known.check(LONG, cache.lookup(LONG));
            }
            try (PrefixCache cache = cache(model)) {
                assertEquals(3, cache.lookup(LONG).length(), "it was written again: " + what);
            }
        }
    }

    private void longFileIs(String what, byte[] bytes) throws IOException {
        assertNotBelieved(what, () -> Files.write(longFile, bytes));
    }

    @Test
    void cutFilesShouldNotBeBelieved() throws IOException {
        for (int length = 0; length < longBytes.length; length += length < 140 ? 23 : 397) {
            longFileIs("cut to " + length, Arrays.copyOf(longBytes, length));
        }
        longFileIs("a byte less", Arrays.copyOf(longBytes, longBytes.length - 1));
        longFileIs("a byte more", Arrays.copyOf(longBytes, longBytes.length + 1));
    }

    @Test
    void flippedBytesShouldNotBeBelieved() throws IOException {
        for (int at = 0; at < longBytes.length; at += at < 140 ? 9 : 197) {
            byte[] bytes = longBytes.clone();
            bytes[at] ^= 1 << at % 8;
            longFileIs("bit of byte " + at, bytes);
        }
    }

    @Test
    void filesOfOtherTokensShouldNotBeBelieved() throws IOException {
        longFileIs("the other's", shortBytes);
        restore();
        Files.write(longFile, shortBytes);
        Files.write(shortFile, longBytes);
        try (PrefixCache cache = cache(model)) {
            assertEquals(0, cache.lookup(LONG).length());
            assertEquals(2, cache.discardedFiles());
        }
        restore();
        try (PrefixCache cache = cache(model)) {
            Files.write(longFile, shortBytes);
            Files.write(shortFile, longBytes);
            assertEquals(0, cache.lookup(LONG).length());
            assertEquals(2, cache.discardedFiles());
        }
    }

    @Test
    void otherModelsShouldNotMeet() throws IOException {
        try (RwkvModel other = TinyModel.open(2)) {
            KnownStates others = new KnownStates(other);
            try (PrefixCache cache = cache(other)) {
                assertEquals(0, cache.lookup(LONG).length());
                others.store(cache, true, LONG);
            }
            Path theirs = files().stream().filter(path -> !path.getParent().equals(longFile.getParent())).findFirst()
                    .orElseThrow();
            assertEquals(longFile.getFileName(), theirs.getFileName(), "the tokens are the same");
            longFileIs("another model's", Files.readAllBytes(theirs));
            try (PrefixCache cache = cache(other)) {
                others.check(LONG, cache.lookup(LONG));
            }
        }
    }

    /** As one checkpoint in another precision: the fingerprint is the same, but the states are others. */
    @Test
    void modelsThatComputeOtherwiseShouldNotMeet() throws IOException {
        Path checkpoint = folder.resolve("tiny.safetensors");
        TinyModel.write(checkpoint, 1);
        byte[] bytes = Files.readAllBytes(checkpoint);
        bytes[bytes.length - 2] ^= 0x40; // of the last weight, which is not in the fingerprint's sample
        Files.write(checkpoint, bytes);
        try (RwkvModel other = Rwkv.open(checkpoint); PrefixCache cache = cache(other)) {
            assertEquals(model.fingerprint(), other.fingerprint());
            assertEquals(0, cache.fileEntries());
            assertEquals(0, cache.lookup(LONG).length());
            new KnownStates(other).store(cache, true, LONG);
        }
        try (PrefixCache cache = cache(model)) {
            known.check(LONG, cache.lookup(LONG));
        }
    }

    @Test
    void foreignFilesShouldBeLeftAlone() throws IOException {
        Map<Path, String> foreign = new HashMap<>();
        for (String name : List.of("notes.txt", "x.snapshot", "0123.snapshot", longFile.getFileName() + ".bak")) {
            foreign.put(Files.writeString(longFile.resolveSibling(name), name), name);
        }
        Files.createDirectory(longFile.resolveSibling("0".repeat(32) + ".snapshot"));
        try (PrefixCache cache = cache(model)) {
            assertEquals(2, cache.fileEntries());
            assertEquals(3, cache.lookup(LONG).length());
            assertEquals(0, cache.discardedFiles());
        }
        for (Map.Entry<Path, String> file : foreign.entrySet()) {
            assertEquals(file.getValue(), Files.readString(file.getKey()));
        }
        longFileIs("a text", "not a snapshot".getBytes());
    }

    @Test
    void deletedFileShouldBeAMissWithoutAWarning() throws IOException {
        try (PrefixCache cache = cache(model)) {
            Files.delete(longFile);
            assertEquals(1, cache.lookup(LONG).length());
            assertEquals(0, cache.discardedFiles());
        }
        assertTrue(Files.exists(shortFile));
    }
}
