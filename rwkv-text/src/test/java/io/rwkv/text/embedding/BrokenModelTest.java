package io.rwkv.text.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Rwkv;
import io.rwkv.text.TinyModel;
import io.rwkv.text.embedding.SentenceEncoder.Pooling;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a broken model's vectors come to: an error, never NaN and never a vector without direction. */
class BrokenModelTest {
    @ParameterizedTest
    @CsvSource({"NaN,is NaN", "Infinity,element 0 is", "3e38,' is '", "0,elements are 0", "-0,elements are 0"})
    void vectorsThatAreNoneShouldBeRefused(float lnOut, String what) {
        try (RwkvModel model = TinyModel.open(lnOut)) {
            int[] tokens = {5, 6, 7};
            RwkvState state = model.newState();
            assertRefused(what, () -> model.hidden(tokens, state));
            assertRefused(what, () -> model.allHidden(tokens, state));
            assertArrayEquals(model.newState().read(0, "att_xx"), state.read(0, "att_xx"), "the state stays as it was");
            for (Pooling pooling : Pooling.values()) {
                SentenceEncoder encoder = new SentenceEncoder(model, TinyModel.tokenizer(), pooling);
                assertRefused(what, () -> encoder.encode("a text"));
            }
            if (!Float.isFinite(lnOut)) {
                assertThrows(ArithmeticException.class,
                        () -> new TextGenerator(model, TinyModel.tokenizer()).generate("a text"));
            }
        }
    }

    private static void assertRefused(String what, Runnable call) {
        String message = assertThrows(ArithmeticException.class, call::run).getMessage();
        assertTrue(message.contains(what) && message.contains("vector"), message);
    }

    @ParameterizedTest
    @ValueSource(floats = {1, 1e-20f, 1e18f})
    void soundVectorsShouldHaveLengthOneHoweverLargeTheyAre(float lnOut) {
        try (RwkvModel model = TinyModel.open(lnOut)) {
            for (Pooling pooling : Pooling.values()) {
                double sum = 0;
                for (float x : new SentenceEncoder(model, TinyModel.tokenizer(), pooling).encode("a text")) {
                    sum += (double) x * x;
                }
                assertEquals(1, sum, 1e-5);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F5-nan-ln_out.safetensors", "F5-zero-ln_out.safetensors"})
    void brokenFilesOfTheFieldShouldBeRefused(String name) throws IOException {
        Path folder = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference", "field");
        Assumptions.assumeTrue(Files.isDirectory(folder), folder + " is missing; skipped");
        Tokenizer tokenizer = Tokenizer.load(folder.resolve("bytes.json"));
        try (RwkvModel model = Rwkv.open(folder.resolve(name))) {
            for (Pooling pooling : Pooling.values()) {
                assertRefused("vector", () -> new SentenceEncoder(model, tokenizer, pooling).encode("a text"));
            }
        }
    }
}
