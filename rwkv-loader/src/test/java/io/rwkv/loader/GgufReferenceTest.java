package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The reference checkpoints of every version as GGUF files. What they compute is checked against the original elsewhere. */
class GgufReferenceTest {
    private static final int[] TOKENS = {34, 105, 110, 32, 116, 104, 101, 10};

    @TempDir
    Path folder;

    /** By name: the folder also holds adapters, tuned states, and models of versions that are not read. */
    private static final List<String> MODELS = List.of("synthetic-rwkv4-c96-bf16", "synthetic-rwkv5.1-bf16",
            "synthetic-rwkv6-h3-bf16", "synthetic-rwkv7-h3-bf16", "synthetic-rwkv7a-n32-bf16",
            "tiny-rwkv-4v0-fp32-legacy", "tiny-rwkv-4v0-fp32", "tiny-rwkv-5v1-fp32", "tiny-rwkv-5v2-bf16",
            "tiny-rwkv-5v2-fp16", "tiny-rwkv-5v2-fp32", "tiny-rwkv-6v0-fp32", "tiny-rwkv-6v0-mixed",
            "tiny-rwkv-7v0-bf16", "tiny-rwkv-7v0-fp16", "tiny-rwkv-7v0-fp32-strided", "tiny-rwkv-7v0-fp32");

    private static float[][] logits(RwkvModel model) {
        return model.allLogits(TOKENS, model.newState());
    }

    @Test
    void shouldBeTheSameModelsInF32() throws IOException {
        for (String name : MODELS) {
            Path path = Shared.reference().resolve("models").resolve(name + ".pth");
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
