package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

import java.math.BigDecimal;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;

/** The keywords of JSON Schema that are understood, and their values. */
final class Keywords {
    /** Any count of characters or items; larger ones are refused. */
    static final int LARGEST_COUNT = 1_000_000;

    /** What say nothing about a value. */
    private static final Set<String> ANNOTATIONS = Set.of("title", "description", "default", "examples", "$comment",
            "deprecated", "readOnly", "writeOnly", "$defs", "definitions");
    private static final Set<String> OF_THE_ROOT = Set.of("$schema", "$id");
    private static final Set<String> APPLICATORS = Set.of("$ref", "allOf", "anyOf", "oneOf");
    /** What say something whatever the type. */
    private static final Set<String> OF_ALL_TYPES = Set.of("type", "enum", "const");
    private static final Map<String, Type> OF_ONE_TYPE = Map.ofEntries(Map.entry("minLength", Type.STRING),
            Map.entry("maxLength", Type.STRING), Map.entry("pattern", Type.STRING), Map.entry("minimum", Type.NUMBER),
            Map.entry("maximum", Type.NUMBER), Map.entry("exclusiveMinimum", Type.NUMBER),
            Map.entry("exclusiveMaximum", Type.NUMBER), Map.entry("multipleOf", Type.NUMBER),
            Map.entry("items", Type.ARRAY), Map.entry("prefixItems", Type.ARRAY), Map.entry("minItems", Type.ARRAY),
            Map.entry("maxItems", Type.ARRAY), Map.entry("uniqueItems", Type.ARRAY),
            Map.entry("properties", Type.OBJECT), Map.entry("required", Type.OBJECT),
            Map.entry("additionalProperties", Type.OBJECT));

    private Keywords() {
    }

    /** Refuses what is not understood. */
    static void check(SchemaNode node, boolean olderDraft) {
        if (node.json().isBoolean()) {
            return;
        }
        if (!node.json().isObject()) {
            throw new SchemaException(node.path(), "expected a schema: an object, true or false");
        }
        for (Iterator<String> names = node.json().fieldNames(); names.hasNext();) {
            String name = names.next();
            boolean known = ANNOTATIONS.contains(name) || APPLICATORS.contains(name) || isConstraint(name)
                    || (OF_THE_ROOT.contains(name) && node.path().equals("#"));
            if (!known) {
                throw node.refused(name, "this keyword is not supported"
                        + (OF_THE_ROOT.contains(name) ? " below the root" : ""));
            }
        }
        if (olderDraft && node.has("prefixItems")) {
            throw node.refused("prefixItems", "this keyword is not of the draft that $schema names");
        }
        if (olderDraft && node.has("$ref") && (hasConstraint(node) || countApplicators(node) > 1)) {
            throw node.refused("$ref", "in the draft that $schema names, nothing beside it counts");
        }
        if (node.has("uniqueItems") && !(node.get("uniqueItems").isBoolean() && !node.get("uniqueItems").asBoolean())) {
            throw node.refused("uniqueItems", "only false is supported");
        }
    }

    /** Whether it says something itself, not only by schemas that it combines or names. */
    static boolean hasConstraint(SchemaNode node) {
        for (Iterator<String> names = node.json().fieldNames(); names.hasNext();) {
            if (isConstraint(names.next())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isConstraint(String name) {
        return OF_ALL_TYPES.contains(name) || OF_ONE_TYPE.containsKey(name);
    }

    private static long countApplicators(SchemaNode node) {
        return APPLICATORS.stream().filter(node::has).count();
    }

    /** The types of which the schema says something. */
    static Set<Type> mentioned(SchemaNode node) {
        Set<Type> types = EnumSet.noneOf(Type.class);
        OF_ONE_TYPE.forEach((name, type) -> {
            if (node.has(name)) {
                types.add(type);
            }
        });
        return types;
    }

    /** The list under a keyword, which has to have an element. */
    static JsonNode list(SchemaNode node, String keyword) {
        JsonNode list = node.get(keyword);
        if (!list.isArray() || list.isEmpty()) {
            throw node.refused(keyword, "expected an array with at least one element");
        }
        return list;
    }

    static JsonNode object(SchemaNode node, String keyword) {
        JsonNode object = node.get(keyword);
        if (!object.isObject()) {
            throw node.refused(keyword, "expected an object");
        }
        return object;
    }

    static String string(SchemaNode node, String keyword) {
        JsonNode string = node.get(keyword);
        if (!string.isTextual()) {
            throw node.refused(keyword, "expected a string");
        }
        return string.textValue();
    }

    static BigDecimal number(SchemaNode node, String keyword) {
        JsonNode number = node.get(keyword);
        if (!number.isNumber()) {
            throw node.refused(keyword, "expected a number");
        }
        return Values.number(number);
    }

    /** @param missing what it is without the keyword */
    static int count(SchemaNode node, String keyword, int missing) {
        if (!node.has(keyword)) {
            return missing;
        }
        BigDecimal count = number(node, keyword);
        if (count.signum() < 0 || count.scale() > 0) {
            throw node.refused(keyword, "expected an integer from 0 on");
        }
        if (count.compareTo(BigDecimal.valueOf(LARGEST_COUNT)) > 0) {
            throw node.refused(keyword, "more than " + LARGEST_COUNT + " is not supported");
        }
        return count.intValueExact();
    }
}
