package io.rwkv.text.serving;

import static io.rwkv.text.serving.PrefixCacheTest.assertSame;
import static io.rwkv.text.serving.PrefixCacheTest.stateOf;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

class PrefixCacheFilesTest {
    private static final int WIDTH = 1024; // else what is known of a file takes more than its state
    private static final int KEYS = 16;

    private static RwkvModel model;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        model = TinyModel.open(1, WIDTH);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** With room for so many snapshots in memory. */
    private PrefixCache cache(int snapshots, long fileBytes) {
        return new PrefixCache(model,
                PrefixCacheOptions.builder().maxBytes(snapshots * (model.newState().byteSize() + 4000))
                        .stride(0).minBranch(1).spillFolder(folder).maxSpillBytes(fileBytes).build());
    }

    private static int[] tokens(int key) {
        return new int[]{key, 100, key};
    }

    private static int[] longer(int key) {
        return new int[]{key, 100, key, 7};
    }

    private static float[] logits(int key) {
        float[] logits = new float[TinyModel.VOCABULARY];
        Arrays.fill(logits, key);
        return logits;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return new ArrayList<>(all.filter(path -> path.toString().endsWith(".snapshot")).sorted().toList());
        }
    }

    private void fill(int keys) {
        try (PrefixCache cache = cache(100, 1 << 30)) {
            for (int key = 0; key < keys; key++) {
                cache.store(tokens(key), 3, stateOf(model, tokens(key)), key % 2 == 0 ? logits(key) : null);
            }
        }
    }

    @Test
    void evictedSnapshotsShouldComeBack() {
        try (PrefixCache cache = cache(4, 1 << 30)) {
            for (int key = 0; key < KEYS; key++) {
                cache.store(tokens(key), 3, stateOf(model, tokens(key)), null);
                cache.awaitWritten();
            }
            assertTrue(cache.spills() >= 8, cache.spills() + " written");
            for (int key = 0; key < KEYS; key++) {
                PrefixMatch match = cache.lookup(longer(key));
                assertEquals(3, match.length(), "key " + key);
                assertSame(stateOf(model, tokens(key)), match.state());
                cache.awaitWritten();
            }
            assertTrue(cache.loads() >= 8);
            assertEquals(0, cache.lostSpills() + cache.discardedFiles());
        }
    }

    @Test
    void aRestartShouldFindThemAll() throws IOException {
        fill(KEYS);
        assertEquals(KEYS, files().size());
        try (PrefixCache cache = cache(4, 1 << 30)) {
            assertEquals(KEYS, cache.fileEntries());
            for (int key = 0; key < KEYS; key++) {
                assertSame(stateOf(model, tokens(key)), cache.lookup(longer(key)).state());
                PrefixMatch whole = cache.lookup(tokens(key));
                assertEquals(key % 2 == 0 ? 3 : 0, whole.length());
                if (key % 2 == 0) {
                    assertArrayEquals(logits(key), whole.logits().orElseThrow());
                }
            }
            assertTrue(cache.pin(tokens(0)));
            assertEquals(0, cache.discardedFiles());
        }
    }

    /** Whatever happens to a file, what is found is right or nothing. */
    @Test
    void damagedFilesShouldBeDiscardedAndNeverBelieved() throws IOException {
        Random random = new Random(6);
        int keys = 12;
        for (int round = 0; round < 6; round++) {
            fill(keys);
            boolean running = round % 2 == 0;
            PrefixCache before = running ? cache(100, 1 << 30) : null;
            int damaged = 0;
            for (Path file : files()) {
                byte[] bytes = Files.readAllBytes(file);
                switch (random.nextInt(4)) {
                    case 0 -> Files.write(file, Arrays.copyOf(bytes, random.nextInt(bytes.length)));
                    case 1 -> {
                        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                        Files.write(file, bytes);
                    }
                    case 2 -> Files.write(file, Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(5)));
                    default -> damaged--;
                }
                damaged++;
            }
            try (PrefixCache cache = running ? before : cache(100, 1 << 30)) {
                int found = 0;
                for (int key = 0; key < keys; key++) {
                    PrefixMatch match = cache.lookup(longer(key));
                    if (match.length() > 0) {
                        assertSame(stateOf(model, tokens(key)), match.state());
                        found++;
                    }
                }
                assertEquals(keys - damaged, found);
                assertEquals(damaged, cache.discardedFiles());
            }
            for (Path file : files()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void swappedFilesShouldNotBeBelieved() throws IOException {
        fill(2);
        List<Path> files = files();
        Path other = folder.resolve("other");
        Files.move(files.get(0), other);
        Files.move(files.get(1), files.get(0));
        Files.move(other, files.get(1));
        Files.writeString(files.get(0).resolveSibling("notes.txt"), "mine");
        try (PrefixCache cache = cache(4, 1 << 30)) {
            assertEquals(2, cache.discardedFiles());
            assertEquals(0, cache.lookup(longer(0)).length());
        }
        assertTrue(Files.exists(files.get(0).resolveSibling("notes.txt")), "other files are nobody's business");
    }

    @Test
    void anotherModelShouldNotMeetThem() {
        fill(3);
        try (RwkvModel other = TinyModel.open(2, WIDTH);
                PrefixCache cache = new PrefixCache(other,
                        PrefixCacheOptions.builder().spillFolder(folder).build())) {
            assertEquals(0, cache.lookup(longer(0)).length());
            assertEquals(0, cache.discardedFiles());
        }
        try (PrefixCache cache = cache(4, 1 << 30)) {
            assertEquals(3, cache.lookup(longer(0)).length());
        }
    }

    @Test
    void filesShouldStayWithinTheirBound() {
        RwkvState state = stateOf(model, 1);
        long bound = 5 * (state.byteSize() + 2500);
        try (PrefixCache cache = cache(2, bound)) {
            for (int key = 0; key < 30; key++) {
                cache.store(tokens(key), 3, stateOf(model, tokens(key)), null);
                cache.awaitWritten();
                assertTrue(cache.fileBytes() <= bound, cache.fileBytes() + " of " + bound);
            }
            for (int key = 0; key < 30; key++) {
                PrefixMatch match = cache.lookup(longer(key));
                if (match.length() > 0) {
                    assertSame(stateOf(model, tokens(key)), match.state());
                }
            }
        }
    }

    /** Two caches on one folder, as two processes have it. */
    @Test
    void cachesShouldShareAFolder() throws IOException {
        try (PrefixCache one = cache(2, 1 << 20); PrefixCache two = cache(2, 1 << 20)) {
            for (int key = 0; key < 12; key++) {
                one.store(tokens(key), 3, stateOf(model, tokens(key)), null);
                two.store(tokens(key), 3, stateOf(model, tokens(key)), logits(key));
            }
            one.awaitWritten();
            two.awaitWritten();
            for (Path file : files().subList(0, 3)) {
                Files.delete(file);
            }
            for (int key = 0; key < 12; key++) {
                for (PrefixCache cache : List.of(one, two)) {
                    PrefixMatch match = cache.lookup(longer(key));
                    if (match.length() > 0) {
                        assertSame(stateOf(model, tokens(key)), match.state());
                    }
                }
            }
            assertEquals(0, one.discardedFiles() + two.discardedFiles());
        }
    }
}
