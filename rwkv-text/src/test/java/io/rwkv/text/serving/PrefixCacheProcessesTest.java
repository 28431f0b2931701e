package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.text.TinyModel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Two processes that write, read and delete one folder's files. */
class PrefixCacheProcessesTest {
    private static final int WIDTH = 256;

    @TempDir
    private Path folder;

    @Test
    void processesShouldNotBreakEachOther() throws Exception {
        Path output = folder.resolve("child.log");
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
                System.getProperty("java.class.path"), PrefixCacheProcessesTest.class.getName(), folder.toString(), "1")
                .redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            work(folder, 2);
            assertTrue(child.waitFor(5, TimeUnit.MINUTES), "the other process hangs");
        } finally {
            child.destroyForcibly();
        }
        assertEquals(0, child.exitValue(), Files.readString(output));
        try (RwkvModel model = TinyModel.open(1, WIDTH); PrefixCache cache = new PrefixCache(model, options(folder))) {
            assertTrue(cache.fileEntries() > 0, "what the processes left is found");
        }
    }

    /** The other process. */
    public static void main(String[] args) {
        work(Path.of(args[0]), Integer.parseInt(args[1]));
    }

    /** Both bounds are small: files are written all the time, and deleted under the other one's hands. */
    private static PrefixCacheOptions options(Path folder) {
        return PrefixCacheOptions.builder().maxBytes(80_000).stride(0).minBranch(1).spillFolder(folder)
                .maxSpillBytes(120_000).build();
    }

    private static void work(Path folder, int seed) {
        Random random = new Random(seed);
        try (RwkvModel model = TinyModel.open(1, WIDTH)) {
            KnownStates known = new KnownStates(model);
            long loads = 0;
            for (int life = 0; life < 6; life++) {
                try (PrefixCache cache = new PrefixCache(model, options(folder))) {
                    for (int i = 0; i < 150; i++) {
                        int[] tokens = random.ints(1 + random.nextInt(4), 0, 3).toArray();
                        PrefixMatch match = cache.lookup(tokens);
                        known.check(tokens, match);
                        if (match.length() < tokens.length) {
                            known.store(cache, true, tokens);
                        }
                    }
                    loads += cache.loads();
                    assertEquals(0, cache.discardedFiles());
                }
            }
            assertTrue(loads > 20, "loads: " + loads);
        }
    }
}
