package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.text.grammar.Grammar;

import org.junit.jupiter.api.Test;

import java.util.Random;

/**
 * Whatever is drawn from the grammar of a schema is JSON, and valid by a validator that others wrote. More schemas:
 * {@code -Drwkv.schemas=10000}.
 */
class RandomSchemasTest {
    private static final int TEXTS = 10;

    private int refused;

    @Test
    void shouldBeValid() {
        int wanted = Integer.getInteger("rwkv.schemas", 1000);
        Random random = new Random(Long.getLong("rwkv.seed", 14));
        RandomSchemas schemas = new RandomSchemas(random);
        int texts = 0;
        for (int compiled = 0; compiled < wanted;) {
            String schema = schemas.next();
            String grammar = compile(schema);
            if (grammar == null) {
                continue;
            }
            compiled++;
            GrammarWalk walk = new GrammarWalk(grammar);
            Grammar read = Grammar.jsonSchema(schema);
            OthersValidator validator = new OthersValidator(schema);
            for (int i = 0; i < TEXTS; i++) {
                String text = walk.draw(random, random.nextInt(200));
                texts++;
                assertTrue(read.matches(text), () -> text + " by\n" + grammar);
                validator.check(text);
            }
        }
        assertEquals(wanted * TEXTS, texts);
        assertTrue(refused < wanted, () -> "refused: " + refused);
    }

    private String compile(String schema) {
        try {
            return SchemaCompiler.compile(schema);
        } catch (SchemaException e) {
            refused++;
            return null;
        }
    }
}
