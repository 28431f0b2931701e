package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import com.fasterxml.jackson.databind.JsonNode;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes the shapes of a slot without a choice: what its schemas say of each type, taken together. */
final class ShapeMaker {
    private static final Map<String, Type> TYPES = Map.of("null", Type.NULL, "boolean", Type.BOOLEAN, "number",
            Type.NUMBER, "integer", Type.NUMBER, "string", Type.STRING, "array", Type.ARRAY, "object", Type.OBJECT);

    private final Regexes regexes;
    private final Slots slots;

    ShapeMaker(Regexes regexes, Slots slots) {
        this.regexes = regexes;
        this.slots = slots;
    }

    void make(Slot slot) {
        List<SchemaNode> nodes = slot.goal.plain();
        Set<Type> types = EnumSet.allOf(Type.class);
        boolean named = false;
        for (SchemaNode node : nodes) {
            if (node.has("type")) {
                types.retainAll(typesOf(node).keySet());
                named = true;
            }
        }
        values(slot, nodes);
        if (!named && slot.values == null) {
            writeMentionedOnly(slot, nodes, types);
        }
        if (types.isEmpty()) {
            none(slot, nodes.get(0).path() + "/type", "no value has all the types that are asked for");
        }
        for (Type type : types) {
            switch (type) {
                case NULL, BOOLEAN -> slot.shapes.add(new Shape.Word(type));
                case NUMBER -> number(slot, nodes);
                case STRING -> text(slot, nodes);
                case ARRAY -> items(slot, nodes);
                case OBJECT -> slot.shapes.add(properties(nodes));
                default -> throw new AssertionError(type);
            }
        }
    }

    /** Where no type is named, but something is said of some types, only these are written. */
    private static void writeMentionedOnly(Slot slot, List<SchemaNode> nodes, Set<Type> types) {
        Set<Type> mentioned = EnumSet.noneOf(Type.class);
        nodes.forEach(node -> mentioned.addAll(Keywords.mentioned(node)));
        if (!mentioned.isEmpty()) {
            slot.unwritten.addAll(EnumSet.complementOf(EnumSet.copyOf(mentioned)));
            types.retainAll(mentioned);
        }
    }

    /** The types a schema names, and whether any number has the type or only an integer. */
    private static Map<Type, Boolean> typesOf(SchemaNode node) {
        JsonNode named = node.get("type");
        Map<Type, Boolean> types = new LinkedHashMap<>();
        for (JsonNode name : named.isArray() ? Keywords.list(node, "type") : List.of(named)) {
            Type type = name.isTextual() ? TYPES.get(name.textValue()) : null;
            if (type == null) {
                throw node.refused("type", "expected one of the seven types, or an array of them; found " + name);
            }
            types.merge(type, !name.textValue().equals("integer"), Boolean::logicalOr);
        }
        return types;
    }

    /** The values under enum and const. */
    private static void values(Slot slot, List<SchemaNode> nodes) {
        for (SchemaNode node : nodes) {
            List<JsonNode> listed = new ArrayList<>();
            if (node.has("enum")) {
                Keywords.list(node, "enum").forEach(listed::add);
                keep(slot, listed);
            }
            if (node.has("const")) {
                keep(slot, List.of(node.get("const")));
            }
        }
    }

    private static void keep(Slot slot, List<JsonNode> listed) {
        Set<String> keys = new HashSet<>();
        listed.forEach(value -> keys.add(Values.key(value)));
        List<JsonNode> kept = new ArrayList<>();
        for (JsonNode value : slot.values == null ? listed : slot.values) {
            if (keys.remove(Values.key(value))) { // each once
                kept.add(value);
            }
        }
        slot.values = kept;
    }

    private void number(Slot slot, List<SchemaNode> nodes) {
        NumberRange range = NumberRange.ALL;
        for (SchemaNode node : nodes) {
            if (node.has("type") && Boolean.FALSE.equals(typesOf(node).get(Type.NUMBER))) {
                range = range.and(NumberRange.INTEGERS);
            }
            for (boolean exclusive : new boolean[]{false, true}) {
                String min = exclusive ? "exclusiveMinimum" : "minimum";
                String max = exclusive ? "exclusiveMaximum" : "maximum";
                if (node.has(min)) {
                    range = range.and(NumberRange.atLeast(Keywords.number(node, min), exclusive));
                }
                if (node.has(max)) {
                    range = range.and(NumberRange.atMost(Keywords.number(node, max), exclusive));
                }
            }
            if (node.has("multipleOf")) {
                BigDecimal unit = Keywords.number(node, "multipleOf");
                if (unit.signum() <= 0) {
                    throw node.refused("multipleOf", "expected a number greater than 0");
                }
                range = range.and(NumberRange.multiplesOf(unit));
            }
        }
        if (range.isEmpty()) {
            none(slot, nodes.get(0).path(), "admits no number (" + range + ")");
        } else {
            slot.shapes.add(new Shape.Number(range));
        }
    }

    private void text(Slot slot, List<SchemaNode> nodes) {
        int min = 0;
        int max = Regex.UNLIMITED;
        List<String> patterns = new ArrayList<>();
        List<Regex> parts = new ArrayList<>();
        String path = slot.goal.path();
        for (SchemaNode node : nodes) {
            min = Math.max(min, Keywords.count(node, "minLength", 0));
            max = smaller(max, Keywords.count(node, "maxLength", Regex.UNLIMITED));
            if (node.has("pattern")) {
                path = node.path() + "/pattern";
                patterns.add(Keywords.string(node, "pattern"));
                parts.add(pattern(node));
            }
        }
        if (max != Regex.UNLIMITED && min > max) {
            none(slot, nodes.get(0).path(), "admits no string: minLength " + min + " is more than maxLength " + max);
            return;
        }
        Automaton automaton = null;
        if (!patterns.isEmpty()) {
            parts.add(regexes.repeat(regexes.set(CodePoints.ANY), min, max));
            try {
                automaton = Automaton.of(regexes, regexes.and(parts));
            } catch (TooLargeException e) {
                throw new SchemaException(path, "too large: the pattern and the lengths make too many states");
            }
            if (automaton.isEmpty()) {
                none(slot, path, "admits no string");
                return;
            }
        }
        slot.shapes.add(new Shape.Text(min, max, List.copyOf(patterns), automaton));
    }

    private Regex pattern(SchemaNode node) {
        try {
            return Pattern.read(regexes, Keywords.string(node, "pattern"), Pattern.Reading.NARROW);
        } catch (Pattern.Refused e) {
            throw node.refused("pattern", e.getMessage());
        } catch (TooLargeException e) {
            throw node.refused("pattern", "too large");
        }
    }

    private void items(Slot slot, List<SchemaNode> nodes) {
        int min = 0;
        int max = Regex.UNLIMITED;
        int prefixes = 0;
        boolean all = false;
        for (SchemaNode node : nodes) {
            min = Math.max(min, Keywords.count(node, "minItems", 0));
            max = smaller(max, Keywords.count(node, "maxItems", Regex.UNLIMITED));
            prefixes = Math.max(prefixes, node.has("prefixItems") ? Keywords.list(node, "prefixItems").size() : 0);
            if (node.has("items")) {
                all = true;
                if (node.get("items").isArray()) {
                    throw node.refused("items", "an array here is not supported; draft 2020-12 calls it prefixItems");
                }
            }
        }
        if (max != Regex.UNLIMITED && min > max) {
            none(slot, nodes.get(0).path(), "admits no array: minItems " + min + " is more than maxItems " + max);
            return;
        }
        List<Slot> prefix = new ArrayList<>();
        for (int i = 0; i < prefixes; i++) {
            prefix.add(slots.slot(item(nodes, i)));
        }
        boolean write = all || prefixes == 0 || min > prefixes;
        slot.shapes.add(
                new Shape.Items(List.copyOf(prefix), write ? slots.slot(item(nodes, prefixes)) : null, min, max));
    }

    /** What the schemas say of the item at an index. */
    private static List<SchemaNode> item(List<SchemaNode> nodes, int index) {
        List<SchemaNode> of = new ArrayList<>();
        for (SchemaNode node : nodes) {
            if (node.has("prefixItems") && index < node.get("prefixItems").size()) {
                of.add(node.child("prefixItems").child(index));
            } else if (node.has("items")) {
                of.add(node.child("items"));
            }
        }
        return of;
    }

    private Shape properties(List<SchemaNode> nodes) {
        LinkedHashMap<String, Boolean> names = new LinkedHashMap<>(); // with whether they are required
        List<SchemaNode> others = new ArrayList<>();
        boolean listed = false;
        for (SchemaNode node : nodes) {
            if (node.has("properties")) {
                listed = true;
                for (Iterator<String> all = Keywords.object(node, "properties").fieldNames(); all.hasNext();) {
                    names.putIfAbsent(all.next(), false);
                }
            }
            if (node.has("additionalProperties")) {
                others.add(node.child("additionalProperties"));
            }
        }
        for (SchemaNode node : nodes) {
            if (node.has("required")) {
                listed = true;
                if (!node.get("required").isArray()) {
                    throw node.refused("required", "expected an array of names");
                }
                for (JsonNode name : node.get("required")) {
                    if (!name.isTextual()) {
                        throw node.refused("required", "expected an array of names");
                    }
                    names.put(name.textValue(), true);
                }
            }
        }
        LinkedHashMap<String, Shape.Property> properties = new LinkedHashMap<>();
        names.forEach((name, required) -> properties.put(name,
                new Shape.Property(slots.slot(property(nodes, name)), required)));
        return new Shape.Properties(properties, listed && others.isEmpty() ? null : slots.slot(others));
    }

    /** What the schemas say of the property of a name. */
    private static List<SchemaNode> property(List<SchemaNode> nodes, String name) {
        List<SchemaNode> of = new ArrayList<>();
        for (SchemaNode node : nodes) {
            if (node.has("properties") && node.get("properties").has(name)) {
                of.add(node.child("properties").child(name));
            } else if (node.has("additionalProperties")) {
                of.add(node.child("additionalProperties"));
            }
        }
        return of;
    }

    private static int smaller(int max, int other) {
        return max == Regex.UNLIMITED ? other : other == Regex.UNLIMITED ? max : Math.min(max, other);
    }

    /** That a type has no values: a mistake if one schema says it alone, else the type is left out. */
    private static void none(Slot slot, String path, String message) {
        SchemaException none = new SchemaException(path, message);
        if (slot.goal.isDirect()) {
            throw none;
        }
        if (slot.reason == null) {
            slot.reason = none;
        }
    }
}
