package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Every reference checkpoint in every form, against float64 results of the original implementation. An engine's test only
 * has to name the engine.
 */
abstract class ReferenceConformance {
    private static final double TOLERANCE = 1e-4;

    /** Checkpoints that hold the same values as one that expectations are named after. */
    private static final Map<String, String> EXPECTATIONS = Map.ofEntries(
            Map.entry("tiny-rwkv-4v0-fp32", "tiny-rwkv-4v0"), Map.entry("tiny-rwkv-4v0-fp32-legacy", "tiny-rwkv-4v0"),
            Map.entry("synthetic-rwkv4-c96-bf16", "synthetic-rwkv4-c96"),
            Map.entry("tiny-rwkv-5v1-fp32", "tiny-rwkv-5v1"),
            Map.entry("synthetic-rwkv5.1-bf16", "synthetic-rwkv5.1"), Map.entry("tiny-rwkv-5v2-fp32", "tiny-rwkv-5v2"),
            Map.entry("tiny-rwkv-5v2-fp16", "tiny-rwkv-5v2-fp16"),
            Map.entry("tiny-rwkv-5v2-bf16", "tiny-rwkv-5v2-bf16"),
            Map.entry("tiny-rwkv-6v0-fp32", "tiny-rwkv-6v0"), Map.entry("tiny-rwkv-6v0-mixed", "tiny-rwkv-6v0-mixed"),
            Map.entry("synthetic-rwkv6-h3-bf16", "synthetic-rwkv6-h3"),
            Map.entry("tiny-rwkv-7v0-fp32", "tiny-rwkv-7v0"),
            Map.entry("tiny-rwkv-7v0-fp32-strided", "tiny-rwkv-7v0"),
            Map.entry("tiny-rwkv-7v0-fp16", "tiny-rwkv-7v0-fp16"),
            Map.entry("tiny-rwkv-7v0-bf16", "tiny-rwkv-7v0-bf16"),
            Map.entry("synthetic-rwkv7-h3-bf16", "synthetic-rwkv7-h3"),
            Map.entry("synthetic-rwkv7a-n32-bf16", "synthetic-rwkv7a-n32"),
            Map.entry("synthetic-rwkv6-timestate-c64-bf16", "synthetic-rwkv6-timestate-c64"));

    /** The engine under test. */
    abstract String engine();

    /** Reported as skipped where there are none; a factory that is skipped is not reported at all. */
    @Test
    void referenceCheckpointsShouldBeThere() {
        Shared.reference();
    }

    @TestFactory
    List<DynamicContainer> everyCheckpointShouldMatch() throws IOException {
        if (!Shared.isThere()) {
            return List.of();
        }
        Path reference = Shared.reference();
        List<DynamicContainer> containers = new ArrayList<>();
        for (Map.Entry<String, String> entry : EXPECTATIONS.entrySet()) {
            Path model = reference.resolve("models").resolve(entry.getKey() + ".pth");
            List<Path> prompts;
            try (Stream<Path> files = Files.list(reference.resolve("logits"))) {
                prompts = files.filter(f -> f.getFileName().toString().startsWith(entry.getValue() + "-prompt"))
                        .sorted().toList();
            }
            assertFalse(prompts.isEmpty(), "no expectations for " + model);
            for (Path prompt : prompts) {
                containers.add(DynamicContainer.dynamicContainer(
                        model.getFileName() + " on " + prompt.getFileName(), tests(model, prompt)));
            }
        }
        return containers;
    }

    private Stream<DynamicTest> tests(Path model, Path prompt) throws IOException {
        TensorFile expected = SafetensorsReader.open(prompt);
        int length = (int) expected.tensor("tokens").elementCount();
        return Stream.of(test("recurrent", model, expected, 1), test("parallel", model, expected, length),
                test("in sevens", model, expected, 7), test("in two halves", model, expected, length / 2));
    }

    /** Reads the prompt in pieces of a length, and compares all logits, and the states in the middle and at the end. */
    private DynamicTest test(String name, Path path, TensorFile expected, int piece) {
        return DynamicTest.dynamicTest(name, () -> {
            float[] values = expected.tensor("tokens").toFloats();
            int[] tokens = new int[values.length];
            Arrays.setAll(tokens, i -> (int) values[i]);
            try (RwkvModel model = Rwkv.open(path, RwkvOptions.builder().engine(engine()).build())) {
                assertEquals(engine(), model.engineName());
                RwkvState state = model.newState();
                float[] row = new float[model.config().vocabularySize()];
                for (int from = 0; from < tokens.length; from += piece) {
                    if (from == tokens.length / 2) {
                        compareState(expected, "state_mid.", state);
                    }
                    int to = Math.min(tokens.length, from + piece);
                    float[][] logits = model.allLogits(Arrays.copyOfRange(tokens, from, to), state);
                    for (int t = from; t < to; t++) {
                        expected.tensor("logits").read((long) t * row.length, row, 0, row.length);
                        compare("logits of token " + t, row, logits[t - from], TOLERANCE);
                    }
                }
                compareState(expected, "state.", state);
            }
        });
    }

    private static void compareState(TensorFile expected, String prefix, RwkvState state) {
        for (int layer = 0; layer < state.layers(); layer++) {
            for (String part : state.parts()) {
                float[] values = expected.tensor(prefix + layer + "." + part, state.shape(part)).toFloats();
                float largest = 1;
                for (float value : values) {
                    largest = Math.max(largest, Math.abs(value));
                }
                compare(prefix + layer + "." + part, values, state.read(layer, part), TOLERANCE * largest);
            }
        }
    }

    private static void compare(String what, float[] expected, float[] actual, double tolerance) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            // Written so that NaN fails.
            if (!(Math.abs(expected[i] - actual[i]) <= tolerance)) {
                fail(what + "[" + i + "]: expected " + expected[i] + ", found " + actual[i]);
            }
        }
    }
}
