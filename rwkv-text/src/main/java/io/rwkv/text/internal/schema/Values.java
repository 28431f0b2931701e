package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.TreeMap;

/** JSON values as JSON Schema compares them. */
final class Values {
    private Values() {
    }

    static BigDecimal number(JsonNode number) {
        return number.decimalValue().stripTrailingZeros();
    }

    /** A text that is the same for equal values: numbers by their value, objects whatever the order. */
    static String key(JsonNode value) {
        StringBuilder key = new StringBuilder();
        append(key, value);
        return key.toString();
    }

    private static void append(StringBuilder key, JsonNode value) {
        switch (Type.of(value)) {
            case NUMBER -> key.append(number(value));
            case STRING -> JsonText.append(key, value.textValue());
            case ARRAY -> {
                key.append('[');
                value.forEach(item -> {
                    append(key, item);
                    key.append(',');
                });
                key.append(']');
            }
            case OBJECT -> {
                TreeMap<String, JsonNode> sorted = new TreeMap<>();
                for (Iterator<String> names = value.fieldNames(); names.hasNext();) {
                    String name = names.next();
                    sorted.put(name, value.get(name));
                }
                key.append('{');
                sorted.forEach((name, member) -> {
                    JsonText.append(key, name);
                    append(key.append(':'), member);
                    key.append(',');
                });
                key.append('}');
            }
            default -> key.append(value.asText());
        }
    }
}
