package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The reference checkpoints of every version as GGUF files. What they compute is checked against the original elsewhere. */
class GgufReferenceTest {
    private static final int[] TOKENS = {34, 105, 110, 32, 116, 104, 101, 10};

    @TempDir
    Path folder;

    private static List<Path> models() throws IOException {
        try (Stream<Path> files = Files.list(Shared.reference().resolve("models"))) {
            return files.filter(f -> f.toString().endsWith(".pth")).sorted().toList();
        }
    }

    private static float[][] logits(RwkvModel model) {
        return model.allLogits(TOKENS, model.newState());
    }

    @Test
    void shouldBeTheSameModelsInF32() throws IOException {
        assertTrue(models().size() >= 16, models() + "");
        for (Path path : models()) {
            Path out = folder.resolve(path.getFileName() + ".gguf");
            GgufConverter.convert(Checkpoints.open(path), out, DType.F32, null, (done, total) -> {});
            try (RwkvModel expected = Rwkv.open(path); RwkvModel found = Rwkv.open(out)) {
                assertEquals(expected.fingerprint(), found.fingerprint(), path.toString());
                assertArrayEquals(logits(expected), logits(found), path.toString());
            }
        }
    }

    @Test
    void shouldBeTheSameModelInAnyTypeThatHoldsItsNumbers() throws IOException {
        Path path = Shared.reference().resolve("models/tiny-rwkv-7v0-bf16.pth");
        Path out = folder.resolve("bf16.gguf");
        GgufConverter.convert(Checkpoints.open(path), out, DType.BF16, null, (done, total) -> {});
        try (RwkvModel expected = Rwkv.open(path); RwkvModel found = Rwkv.open(out)) {
            assertEquals(expected.fingerprint(), found.fingerprint());
        }
    }
}
