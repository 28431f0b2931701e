package io.rwkv.text.internal.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;

import java.util.List;

/** Says whether texts are valid by a schema, with code that others wrote. */
public final class OthersValidator {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final String text;
    private final Schema schema;

    /** @param schema a schema's text */
    public OthersValidator(String schema) {
        this.text = schema;
        try {
            this.schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                    .getSchema(MAPPER.readTree(schema));
        } catch (JsonProcessingException e) {
            throw new AssertionError(schema, e);
        }
    }

    /** Fails unless the text is JSON and valid. */
    public void check(String json) {
        try {
            assertEquals(List.of(), schema.validate(MAPPER.readTree(json)), () -> json + "\nis not valid by\n" + text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + json + "\nwritten for " + text, e);
        }
    }
}
