package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

/** The types of JSON values. Integers are numbers. */
enum Type {
    NULL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT;

    static Type of(JsonNode value) {
        return switch (value.getNodeType()) {
            case NULL -> NULL;
            case BOOLEAN -> BOOLEAN;
            case NUMBER -> NUMBER;
            case STRING -> STRING;
            case ARRAY -> ARRAY;
            case OBJECT -> OBJECT;
            default -> throw new IllegalArgumentException("no JSON value: " + value);
        };
    }
}
