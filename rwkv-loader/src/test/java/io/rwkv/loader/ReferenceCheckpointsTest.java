package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Whole checkpoints in BlinkDL's layout, where they are installed. */
class ReferenceCheckpointsTest {
    private static final Map<String, Integer> TENSORS = Map.ofEntries(Map.entry("synthetic-rwkv4-c96-bf16", 60),
            Map.entry("synthetic-rwkv5.1-bf16", 270), Map.entry("synthetic-rwkv6-h3-bf16", 90),
            Map.entry("synthetic-rwkv7-h3-bf16", 102), Map.entry("tiny-rwkv-4v0-fp32-legacy", 78),
            Map.entry("tiny-rwkv-4v0-fp32", 78), Map.entry("tiny-rwkv-5v1-fp32", 246),
            Map.entry("tiny-rwkv-5v2-bf16", 270), Map.entry("tiny-rwkv-5v2-fp16", 270),
            Map.entry("tiny-rwkv-5v2-fp32", 270), Map.entry("tiny-rwkv-6v0-fp32", 342),
            Map.entry("tiny-rwkv-6v0-mixed", 342), Map.entry("tiny-rwkv-7v0-bf16", 399),
            Map.entry("tiny-rwkv-7v0-fp16", 399), Map.entry("tiny-rwkv-7v0-fp32-strided", 399),
            Map.entry("tiny-rwkv-7v0-fp32", 399));

    private Path models;

    @BeforeEach
    void findModels() {
        models = Shared.reference().resolve("models");
    }

    private TensorFile open(String name) throws IOException {
        return Checkpoints.open(models.resolve(name + ".pth"));
    }

    @Test
    void shouldReadEveryCheckpoint() throws IOException {
        Set<String> found;
        try (Stream<Path> files = Files.list(models)) {
            found = files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".pth"))
                    .map(name -> name.substring(0, name.length() - 4)).collect(Collectors.toSet());
        }
        assertTrue(found.containsAll(TENSORS.keySet()), found.toString());
        for (String name : TENSORS.keySet()) {
            TensorFile file = open(name);
            assertEquals(TENSORS.get(name), file.names().size(), name);
            assertEquals(name.endsWith("-legacy") ? "PyTorch stream" : "PyTorch zip", file.format(), name);
            long[] embedding = file.tensor("emb.weight").shape();
            assertArrayEquals(embedding, file.tensor("head.weight").shape(), name);
            for (String tensor : file.names()) {
                for (float value : file.tensor(tensor).toFloats()) {
                    assertTrue(Float.isFinite(value), name + " " + tensor);
                }
            }
        }
    }

    @Test
    void shouldReadTheSameFromBothContainers() throws IOException {
        assertSameValues(open("tiny-rwkv-4v0-fp32"), open("tiny-rwkv-4v0-fp32-legacy"));
    }

    @Test
    void shouldReadTheSameFromViews() throws IOException {
        TensorFile strided = open("tiny-rwkv-7v0-fp32-strided");
        assertEquals(108, strided.names().stream().map(strided::tensor)
                .filter(tensor -> !((MappedTensor) tensor).isContiguous()).count());
        assertSameValues(open("tiny-rwkv-7v0-fp32"), strided);
    }

    @Test
    void shouldReadTheSameFromEveryTypeThatHoldsTheValues() throws IOException {
        TensorFile exact = open("tiny-rwkv-7v0-fp32");
        TensorFile bf16 = open("tiny-rwkv-7v0-bf16");
        assertEquals(DType.BF16, bf16.tensor("emb.weight").dtype());
        assertSameValues(exact, bf16);
        // Half precision has more digits than bfloat16 and less range: below 2^-14 it rounds to multiples of 2^-24.
        TensorFile f16 = open("tiny-rwkv-7v0-fp16");
        assertEquals(DType.F16, f16.tensor("emb.weight").dtype());
        for (String name : exact.names()) {
            float[] expected = exact.tensor(name).toFloats();
            for (int i = 0; i < expected.length; i++) {
                if (Math.abs(expected[i]) < 0x1p-14f) {
                    expected[i] = (float) Math.rint(expected[i] * 0x1p24) * 0x1p-24f;
                }
            }
            float[] found = f16.tensor(name).toFloats();
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], found[i], 0f, name);
            }
        }
    }

    private static void assertSameValues(TensorFile expected, TensorFile found) {
        assertEquals(expected.names(), found.names());
        for (String name : expected.names()) {
            assertArrayEquals(expected.tensor(name).shape(), found.tensor(name).shape(), name);
            assertArrayEquals(expected.tensor(name).toFloats(), found.tensor(name).toFloats(), name);
        }
    }
}
