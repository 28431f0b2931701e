package io.rwkv.text.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvModel;
import io.rwkv.demo.DemoModel;
import io.rwkv.text.TextModel;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation.Reason;
import io.rwkv.text.grammar.Grammar;
import io.rwkv.text.grammar.GrammarException;
import io.rwkv.text.internal.schema.OthersValidator;
import io.rwkv.text.internal.schema.RandomSchemas;
import io.rwkv.text.sampling.SamplingOptions;
import io.rwkv.tokenizer.Tokenizer;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * What a model writes for a schema at temperature 1.5 is valid, whatever the model. More schemas: {@code -Drwkv.schemas=10000}, others:
 * {@code -Drwkv.seed=N}.
 */
class SchemaGenerationTest {
    private static final String[] PIECES = {"{\"", "\":", "\": ", "\",", "\", \"", "\"}", "\"}]", "[{\"", "],", "[]",
            "{}", "},",
            "true", "false", "null", "0.", "00", "12", "-1", "e1", "\\u00", "\\\"", "\\n", "é", "日", "ab", "name",
            "kind",
            " \"", " [", " 1", "  "};

    private final Random random = new Random(Long.getLong("rwkv.seed", 3));
    private final RandomSchemas schemas = new RandomSchemas(random);
    private int completed;

    /** Generates for so many schemas; each text that comes to its end has to be valid. */
    private void write(TextGenerator generator, int count, int maxTokens) {
        for (int i = 0; i < count;) {
            String schema = schemas.next();
            Grammar grammar;
            try {
                grammar = Grammar.jsonSchema(schema);
            } catch (GrammarException e) {
                continue;
            }
            i++;
            SamplingOptions sampling = SamplingOptions.builder().temperature(1.5).topP(1).seed(random.nextLong())
                    .logitBias(likelyEnds(generator.tokenizer())).build();
            GenerationOptions options = GenerationOptions.builder().sampling(sampling).maxTokens(maxTokens)
                    .grammar(grammar).build();
            Generation done = generator.request("JSON " + i + ":").options(options).run();
            if (done.reason() == Reason.COMPLETE) {
                completed++;
                new OthersValidator(schema).check(done.text());
                assertTrue(grammar.matches(done.text()), done.text());
            } else {
                assertEquals(Reason.MAX_TOKENS, done.reason(), schema);
                assertEquals(maxTokens, done.generatedTokens(), schema);
            }
        }
    }

    /** So that strings and lists mostly end before the limit of tokens: a model of random numbers sees no reason to end them. */
    private static Map<Integer, Double> likelyEnds(Tokenizer tokenizer) {
        Map<Integer, Double> bias = new HashMap<>();
        for (String end : List.of("\"", "]", "}", "\"}", "\",")) {
            int[] tokens = tokenizer.encode(end);
            if (tokens.length == 1) {
                bias.put(tokens[0], 4.0);
            }
        }
        return bias;
    }

    @Test
    void modelsOfRandomNumbersShouldWriteValidTexts() {
        int count = Integer.getInteger("rwkv.schemas", 150);
        for (int width : new int[]{4, 16, 32}) {
            try (RwkvModel model = TinyModel.open(1, width)) {
                write(new TextGenerator(model, TinyModel.tokenizer(PIECES)), count / 3, 150);
            }
        }
        assertTrue(completed > count / 2, () -> "only " + completed + " of " + count + " came to an end");
    }

    @Test
    void theDemoModelShouldWriteValidTexts() throws IOException {
        int count = Integer.getInteger("rwkv.schemas", 150) / 30;
        try (TextModel model = TextModel.open(DemoModel.checkpoint())) {
            write(new TextGenerator(model.model(), model.tokenizer()), count, 60);
        }
        assertTrue(completed > count / 3, () -> "only " + completed + " of " + count + " came to an end");
    }
}
