package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;

import io.rwkv.text.grammar.Grammar;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * Whatever is drawn from the grammar of a schema is JSON, and valid by a validator that others wrote. More schemas:
 * {@code -Drwkv.schemas=10000}.
 */
class RandomSchemasTest {
    private static final int TEXTS = 10;

    private final JsonMapper mapper = JsonMapper.builder().enable(StreamReadFeature.USE_FAST_BIG_NUMBER_PARSER)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private final SchemaRegistry validators = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    @Test
    void shouldBeValid() throws Exception {
        int wanted = Integer.getInteger("rwkv.schemas", 1000);
        Random random = new Random(Long.getLong("rwkv.seed", 14));
        RandomSchemas schemas = new RandomSchemas(random);
        TreeMap<String, Integer> refused = new TreeMap<>();
        int texts = 0;
        for (int compiled = 0; compiled < wanted;) {
            String schema = schemas.next();
            String compiledTo;
            try {
                compiledTo = SchemaCompiler.compile(schema);
            } catch (SchemaException e) {
                refused.merge(e.problem().replaceAll("[^a-z ]+.*", ""), 1, Integer::sum);
                continue;
            }
            String grammar = compiledTo;
            compiled++;
            GrammarWalk walk = new GrammarWalk(grammar);
            Grammar read = Grammar.jsonSchema(schema);
            Schema validator = validators.getSchema(mapper.readTree(schema));
            for (int i = 0; i < TEXTS; i++) {
                String text = walk.draw(random, random.nextInt(200));
                texts++;
                assertTrue(read.matches(text), () -> text + " by\n" + grammar);
                JsonNode value = mapper.readTree(text);
                List<Error> errors = validator.validate(value);
                if (!errors.isEmpty()) {
                    fail(text + "\nis not valid by\n" + schema + "\n" + errors + "\n" + grammar);
                }
            }
        }
        assertEquals(wanted * TEXTS, texts);
        assertTrue(refused.values().stream().mapToInt(count -> count).sum() < 2 * wanted, refused::toString);
    }
}
