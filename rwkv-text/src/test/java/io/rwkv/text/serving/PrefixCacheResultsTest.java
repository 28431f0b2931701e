package io.rwkv.text.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.tensor.DType;
import io.rwkv.demo.DemoModel;
import io.rwkv.loader.Checkpoints;
import io.rwkv.loader.GgufConverter;
import io.rwkv.loader.Rwkv;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** A prompt that is read with the help of the cache must end in the state and the logits of one that is read without. */
class PrefixCacheResultsTest {
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path folder;

    @Test
    void demoModelShouldGiveTheSame() throws IOException {
        try (RwkvModel model = Rwkv.open(DemoModel.checkpoint())) {
            check(model, folder);
        }
    }

    @Test
    void conversionsShouldGiveTheSame() throws IOException {
        for (DType type : new DType[]{DType.F32, DType.BF16, DType.Q8_0}) {
            Path file = folder.resolve(type + ".gguf");
            GgufConverter.convert(Checkpoints.open(DemoModel.checkpoint()), file, type, null, (done, total) -> {});
            try (RwkvModel model = Rwkv.open(file)) {
                check(model, folder.resolve("spill" + type)); // F32 and BF16 have the same states and would share files
            }
        }
    }

    /** As the class's documentation says that it is used. */
    private static float[] read(RwkvModel model, PrefixCache cache, int[] prompt, RwkvState end) {
        PrefixMatch match = cache.lookup(prompt);
        int done = match.length();
        float[] logits = match.logits().orElse(null);
        for (int point : match.snapshotPoints()) {
            logits = model.logits(Arrays.copyOfRange(prompt, done, point), match.state());
            cache.store(prompt, point, match.state(), logits);
            done = point;
        }
        assertEquals(prompt.length, done);
        end.copyFrom(match.state());
        return logits;
    }

    private static void check(RwkvModel model, Path folder) {
        PrefixCacheOptions options = PrefixCacheOptions.builder().stride(16).minBranch(4).maxBytes(1 << 22)
                .spillFolder(folder).build();
        Random random = new Random(2);
        int vocabulary = model.config().vocabularySize();
        int[] system = random.ints(21, 0, vocabulary).toArray();
        for (int round = 0; round < 2; round++) { // the second one from files
            try (PrefixCache cache = new PrefixCache(model, options)) {
                for (int i = 0; i < 4; i++) {
                    int[] prompt = Arrays.copyOf(system, 40);
                    for (int at = system.length; at < prompt.length; at++) {
                        prompt[at] = new Random(31L * i + at).nextInt(vocabulary);
                    }
                    RwkvState plain = model.newState();
                    float[] expected = model.logits(prompt, plain);
                    RwkvState state = model.newState();
                    float[] logits = read(model, cache, prompt, state);
                    assertClose(expected, logits, "logits");
                    for (int layer = 0; layer < plain.layers(); layer++) {
                        for (String part : plain.parts()) {
                            assertClose(plain.read(layer, part), state.read(layer, part), layer + "." + part);
                        }
                    }
                    assertArrayEquals(logits, read(model, cache, prompt, state), "known to its end");
                }
                assertEquals(round == 0 ? 7 : 8, cache.hits());
                assertTrue(round == 0 || cache.tokensSaved() == 8L * 40, "saved " + cache.tokensSaved());
                assertEquals(system.length, cache.lookup(Arrays.copyOf(system, system.length + 1)).length());
            }
        }
    }

    private static void assertClose(float[] expected, float[] found, String what) {
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs(expected[i] - found[i]));
        }
        assertTrue(difference <= TOLERANCE * largest, what + ": " + difference + " of " + largest);
    }
}
