package io.rwkv.text.grammar;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.internal.masks.RandomVocabulary;
import io.rwkv.text.sampling.Constraint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

class JsonGrammarTest {
    private static final String EXAMPLE = """
            {"name": "Émile \\u00e9\\ud83d\\ude00 \\"q\\" \\\\ \\n 漢字",
              "numbers": [0, -1, 12.5, 1e9, -0.0E-7, 120], "nested" : {"a": [[], {}, [ ] ], "b": {"c": null}},\s
              "yes": true, "no": false}""";

    @Test
    void takesJson() {
        for (String text : List.of("{}", "[]", "\"\"", "0", "true", "null", "[1,2]", "[1, [2, {\"a\":\"b\"}]]",
                EXAMPLE.replace(",\s\n", ",\n"), "\"\\ud83d\\ude00\"", "\"\u007f\"", "[\n  1,\n  2\n]")) {
            assertTrue(Grammar.json().matches(text), text);
        }
        assertSame(Grammar.json(), Grammar.json());
    }

    @Test
    void takesNothingElse() {
        for (String text : List.of("", "{", "01", "1.", "+1", ".5", "'a'", "{a:1}", "[1,]", "{\"a\":1,}", "\"\n\"",
                "\"\t\"",
                "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83dx\"", "\"\\ud83d\\ud83d\"", "nul",
                "nulll", "1 2",
                " 1", "1 ", "[1\n\n]", "[  1]", "NaN", "[1 " + " ".repeat(50) + "]")) {
            assertFalse(Grammar.json().matches(text), text);
        }
    }

    /** Random tokens that were allowed, until the text may end: what comes of it is read by a strict parser. */
    @Test
    void allThatIsCompletedParses() throws IOException {
        Random random = new Random(8);
        int completed = 0;
        for (int round = 0; round < 60; round++) {
            RandomVocabulary vocabulary = RandomVocabulary.of(random, EXAMPLE.getBytes(StandardCharsets.UTF_8), 400,
                    true);
            Constraint constraint = Grammar.json().newConstraint(vocabulary);
            List<Integer> ids = new ArrayList<>();
            float[] logits = new float[vocabulary.vocabularySize()];
            while (ids.size() < 400 && !(constraint.mayEnd() && ids.size() > 2) && constraint.mayContinue()) {
                Arrays.fill(logits, 0);
                constraint.restrict(logits);
                int id;
                do {
                    id = random.nextInt(logits.length);
                } while (logits[id] != 0 || vocabulary.text(id)[0] == '[' && random.nextInt(4) > 0);
                constraint.accept(id);
                ids.add(id);
            }
            if (constraint.mayEnd()) {
                byte[] text = vocabulary.decodeBytes(ids.stream().mapToInt(Integer::intValue).toArray());
                try (JsonParser parser = new JsonFactory().createParser(text)) {
                    while (parser.nextToken() != null) {
                        parser.getText();
                    }
                }
                completed++;
            }
        }
        assertTrue(completed > 20, "only " + completed);
    }
}
