package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.demo.DemoModel;
import io.rwkv.tokenizer.BpeTokenizer;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;

/** From a file that PyTorch wrote to probabilities, with the model that the project ships. */
class DemoModelTest {
    private static RwkvModel model;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        model = Rwkv.open(DemoModel.checkpoint());
        tokenizer = BpeTokenizer.load(DemoModel.tokenizer());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static double crossEntropy(String text) {
        int[] tokens = tokenizer.encode("<|endoftext|>" + text);
        float[][] logits = model.allLogits(tokens, model.newState());
        double sum = 0;
        for (int t = 0; t + 1 < tokens.length; t++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (float logit : logits[t]) {
                largest = Math.max(largest, logit);
            }
            double total = 0;
            for (float logit : logits[t]) {
                total += Math.exp(logit - largest);
            }
            sum += largest + Math.log(total) - logits[t][tokens[t + 1]];
        }
        return sum / (tokens.length - 1);
    }

    @Test
    void shouldExpectEnglishRatherThanShuffledWords() {
        assertEquals(tokenizer.vocabularySize(), model.config().vocabularySize());
        double english = crossEntropy("a large animal that lives in the sea and eats fish");
        double shuffled = crossEntropy("fish the in that animal eats a and sea large lives");
        assertTrue(english < 6, "cross-entropy of English: " + english);
        assertTrue(english < shuffled - 0.5, english + " against " + shuffled);
    }
}
