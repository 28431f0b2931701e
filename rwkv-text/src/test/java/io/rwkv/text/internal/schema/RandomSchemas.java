package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** Schemas at random, of all supported keywords; some of them admit nothing, and some are refused for other reasons. */
public final class RandomSchemas {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final List<String> NAMES = List.of("a", "b", "ab", "name", "größe", "a\"b", "a\\b", "x/y~z", "",
            "line\nend",
            "日本", "🎻");
    private static final List<String> PATTERNS = List.of("^[a-z]+$", "^\\d{3}-\\d{4}$", "[A-Z]", "^(foo|bar)", "baz$",
            "^[^\"\\\\]*$", "^\\S+@\\S+\\.[a-z]{2,3}$", "^.{2,5}$", "^$|^x", "a.c", "^[\\w.-]+$", "^(a|b)*abb$",
            "^(?:[01]\\d|2[0-3]):[0-5]\\d$", "^[\\u00e0-\\u00ff\\s]{1,4}$", "\\t|\\x41");

    private final Random random;
    private int definitions;

    public RandomSchemas(Random random) {
        this.random = random;
    }

    /** @return a schema's text */
    public String next() {
        definitions = random.nextInt(3);
        JsonNode root = schema(3);
        if (root instanceof ObjectNode object && definitions > 0) {
            ObjectNode all = JSON.objectNode();
            for (int i = 0; i < definitions; i++) {
                all.set("d" + i, schema(2));
            }
            object.set("$defs", all);
        }
        return JsonMapper.builder().build().valueToTree(root).toString();
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private <T> T one(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private JsonNode schema(int depth) {
        int kind = random.nextInt(100);
        if (kind < 3) {
            return JSON.booleanNode(chance(85));
        }
        ObjectNode schema = JSON.objectNode();
        if (kind < 6) {
            return schema;
        }
        if (kind < 16 && definitions > 0) {
            schema.put("$ref", "#/$defs/d" + random.nextInt(definitions));
            return chance(80) ? schema : typed(schema, depth);
        }
        if (kind < 19) {
            return schema.put("$ref", "#");
        }
        if (kind < 28) {
            return schema.set("enum", several(1 + random.nextInt(4), () -> value(1)));
        }
        if (kind < 32) {
            return schema.set("const", value(2));
        }
        if (depth > 0 && kind < 40) {
            schema.set("anyOf", several(1 + random.nextInt(3), () -> schema(depth - 1)));
            return chance(70) ? schema : typed(schema, depth);
        }
        if (depth > 0 && kind < 46) {
            schema.set("oneOf", several(1 + random.nextInt(3), () -> chance(60) ? tagged(depth) : schema(depth - 1)));
            return chance(70) ? schema : typed(schema, depth);
        }
        if (depth > 0 && kind < 51) {
            schema.set("allOf", several(1 + random.nextInt(2), () -> schema(depth - 1)));
            return chance(50) ? schema : typed(schema, depth);
        }
        return typed(schema, depth);
    }

    /** An object that a property tells from others. */
    private ObjectNode tagged(int depth) {
        ObjectNode schema = JSON.objectNode().put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        properties.putObject("kind").put("const", "k" + random.nextInt(6));
        properties.set("b", schema(depth - 1));
        schema.putArray("required").add("kind");
        return schema;
    }

    private ArrayNode several(int count, Supplier<JsonNode> element) {
        ArrayNode all = JSON.arrayNode();
        for (int i = 0; i < count; i++) {
            all.add(element.get());
        }
        return all;
    }

    private ObjectNode typed(ObjectNode schema, int depth) {
        List<String> types = List.of("string", "integer", "number", "boolean", "null", "array", "object", "object");
        String type = one(depth > 0 ? types : types.subList(0, 5));
        if (chance(8)) {
            schema.set("type", several(1 + random.nextInt(3), () -> JSON.textNode(one(types))));
        } else if (chance(92)) {
            schema.put("type", type);
        }
        if (type.equals("string") || chance(5)) {
            string(schema);
        }
        if (type.equals("integer") || type.equals("number") || chance(5)) {
            number(schema);
        }
        if (depth > 0 && (type.equals("array") || chance(5))) {
            array(schema, depth);
        }
        if (depth > 0 && (type.equals("object") || chance(5))) {
            object(schema, depth);
        }
        if (chance(5)) {
            schema.put("description", "says nothing");
        }
        return schema;
    }

    private void string(ObjectNode schema) {
        if (chance(30)) {
            schema.put("minLength", random.nextInt(5));
        }
        if (chance(30)) {
            schema.put("maxLength", random.nextInt(12));
        }
        if (chance(30)) {
            schema.put("pattern", one(PATTERNS));
        }
    }

    private void number(ObjectNode schema) {
        for (String keyword : List.of("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")) {
            if (chance(20)) {
                schema.put(keyword, number());
            }
        }
        if (chance(10)) {
            schema.put("multipleOf",
                    new BigDecimal(one(List.of("1", "2", "5", "0.01", "0.5", "7", "100", "2.5", "1e-3"))));
        }
    }

    private BigDecimal number() {
        int digits = random.nextInt(6);
        BigDecimal number = new BigDecimal(random.nextInt((int) Math.pow(10, digits) + 1))
                .movePointLeft(random.nextInt(4));
        return chance(40) ? number.negate() : number;
    }

    private void array(ObjectNode schema, int depth) {
        if (chance(75)) {
            schema.set("items", schema(depth - 1));
        }
        if (chance(20)) {
            schema.set("prefixItems", several(1 + random.nextInt(3), () -> schema(depth - 1)));
        }
        if (chance(30)) {
            schema.put("minItems", random.nextInt(4));
        }
        if (chance(30)) {
            schema.put("maxItems", random.nextInt(5));
        }
    }

    private void object(ObjectNode schema, int depth) {
        if (chance(85)) {
            ObjectNode properties = schema.putObject("properties");
            for (int i = random.nextInt(5); i > 0; i--) {
                properties.set(one(NAMES), schema(depth - 1));
            }
        }
        if (chance(50)) {
            schema.set("required", several(random.nextInt(3), () -> JSON.textNode(one(NAMES))));
        }
        if (chance(40)) {
            schema.set("additionalProperties", chance(50) ? JSON.booleanNode(false) : schema(depth - 1));
        }
    }

    private JsonNode value(int depth) {
        return switch (random.nextInt(depth > 0 ? 7 : 5)) {
            case 0 -> JSON.textNode(one(NAMES));
            case 1 -> JSON.numberNode(number());
            case 2 -> JSON.numberNode(random.nextInt(20));
            case 3 -> JSON.booleanNode(random.nextBoolean());
            case 4 -> JSON.nullNode();
            case 5 -> several(random.nextInt(3), () -> value(depth - 1));
            default -> {
                ObjectNode object = JSON.objectNode();
                for (int i = random.nextInt(3); i > 0; i--) {
                    object.set(one(NAMES), value(depth - 1));
                }
                yield object;
            }
        };
    }
}
