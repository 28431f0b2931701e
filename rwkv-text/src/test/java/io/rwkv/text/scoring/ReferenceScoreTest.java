package io.rwkv.text.scoring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.internal.tensor.SafetensorsReader;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.Rwkv;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;

/** Scores against float64 logits of the original implementation. */
class ReferenceScoreTest {
    @ParameterizedTest
    @CsvSource({"tiny-rwkv-4v0-fp32, tiny-rwkv-4v0", "tiny-rwkv-5v2-fp32, tiny-rwkv-5v2",
            "tiny-rwkv-6v0-fp32, tiny-rwkv-6v0", "tiny-rwkv-7v0-fp32, tiny-rwkv-7v0"})
    void scoresShouldBeThoseOfTheReference(String checkpoint, String expectations) throws IOException {
        Path folder = Path.of(System.getProperty("rwkv.shared", "../shared"), "reference");
        Assumptions.assumeTrue(Files.isDirectory(folder), folder + " is missing; skipped");
        TensorFile file = SafetensorsReader.open(folder.resolve("logits/" + expectations + "-promptA.safetensors"));
        float[] ids = file.tensor("tokens").toFloats();
        int[] tokens = IntStream.range(0, ids.length).map(i -> (int) ids[i]).toArray();
        Tokenizer tokenizer = Tokenizer.load(folder.resolve("field/bytes.json"));
        String text = tokenizer.decode(tokens);
        try (RwkvModel model = Rwkv.open(folder.resolve("models/" + checkpoint + ".pth"))) {
            int vocabulary = model.config().vocabularySize();
            float[] logits = file.tensor("logits").toFloats();
            double[] expected = new double[tokens.length - 1];
            for (int t = 0; t < expected.length; t++) {
                double sum = 0;
                for (int i = 0; i < vocabulary; i++) {
                    sum += Math.exp(logits[t * vocabulary + i]);
                }
                expected[t] = logits[t * vocabulary + tokens[t + 1]] - Math.log(sum);
            }
            Score score = new Scorer(model, tokenizer, ScoringOptions.builder().afterEndOfText(false).build())
                    .score(text);
            assertEquals(tokens.length - 1, score.tokens().length);
            assertArrayEquals(expected, score.tokenLogProbabilities(), 1e-4);
        }
    }
}
