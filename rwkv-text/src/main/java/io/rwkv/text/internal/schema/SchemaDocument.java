package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;

import java.io.IOException;
import java.util.Set;

/** The text of a schema as JSON: of bounded size, and with numbers as they are written. */
final class SchemaDocument {
    /** Longer texts are refused. */
    static final int LONGEST = 1_000_000;
    /** Arrays and objects may be nested so deep. */
    static final int DEEPEST = 100;
    /** A number may have so many characters, and its exponent be so large. */
    static final int LONGEST_NUMBER = 400;

    private static final JsonMapper MAPPER = JsonMapper
            .builder(JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .nodeFactory(new JsonNodeFactory(true)).build();

    private static final String DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";
    private static final Set<String> OLDER_DRAFTS = Set.of("https://json-schema.org/draft/2019-09/schema",
            "http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-06/schema");

    private final JsonNode root;
    private final boolean older;

    private SchemaDocument(JsonNode root) {
        this.root = root;
        String draft = root.has("$schema") ? root.get("$schema").asText().replaceAll("#$", "") : DRAFT_2020;
        this.older = !draft.equals(DRAFT_2020);
        if (older && !OLDER_DRAFTS.contains(draft)) {
            throw new SchemaException("#/$schema", "this draft is not supported: " + draft);
        }
    }

    static SchemaDocument parse(String text) {
        if (text.length() > LONGEST) {
            throw new SchemaException("#", "a schema of more than " + LONGEST + " characters");
        }
        try {
            check(text);
            JsonNode root = MAPPER.readTree(text);
            if (root.isMissingNode()) {
                throw new SchemaException("#", "not JSON: the text is empty");
            }
            return new SchemaDocument(root);
        } catch (JsonProcessingException e) {
            throw new SchemaException("#", "not JSON" + at(e.getLocation()) + ": " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new IllegalStateException("reading a string failed", e);
        }
    }

    /** Before a tree is made of it. */
    private static void check(String text) throws IOException {
        try (JsonParser parser = MAPPER.createParser(text)) {
            int depth = 0;
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                if (depth > DEEPEST) {
                    throw new SchemaException("#",
                            "nested more than " + DEEPEST + " deep" + at(parser.currentTokenLocation()));
                }
                if (token.isNumeric() && isTooLong(parser.getText())) {
                    throw new SchemaException("#", "a number of more than " + LONGEST_NUMBER + " digits"
                            + at(parser.currentTokenLocation()));
                }
            }
        }
    }

    private static boolean isTooLong(String number) {
        int exponent = Math.max(number.indexOf('e'), number.indexOf('E'));
        String digits = exponent < 0 ? "" : number.substring(exponent + 1).replaceFirst("^[+-]?0*", "");
        return number.length() > LONGEST_NUMBER || digits.length() > 3
                || (!digits.isEmpty() && Integer.parseInt(digits) > LONGEST_NUMBER);
    }

    private static String at(JsonLocation location) {
        return location == null ? "" : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
    }

    SchemaNode root() {
        return new SchemaNode("#", root);
    }

    /** Whether {@code $schema} names a draft before 2020-12. */
    boolean isOlder() {
        return older;
    }
}
