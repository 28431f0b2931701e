package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Whether a value is valid. Unlike what is written, that is all that the schema admits. */
final class Admission {
    private final Regexes regexes = new Regexes();
    private final Map<String, Regex> wide = new HashMap<>();
    private final Map<String, Regex> narrow = new HashMap<>();
    /** What was found out, so that schemas within schemas do not ask the same exponentially often. */
    private final Map<Pattern.Reading, Map<Slot, Map<JsonNode, Boolean>>> known = new EnumMap<>(Pattern.Reading.class);
    private final Map<Slot, Set<String>> values = new IdentityHashMap<>();

    /**
     * @param reading NARROW: whether all validators say that it is valid; WIDE: whether any does
     */
    boolean admits(Slot slot, JsonNode value, Pattern.Reading reading) {
        if (slot == null) {
            return true;
        }
        Map<JsonNode, Boolean> mine = known.computeIfAbsent(reading, key -> new IdentityHashMap<>())
                .computeIfAbsent(slot, key -> new IdentityHashMap<>());
        Boolean before = mine.get(value);
        if (before == null) {
            before = isAdmitted(slot, value, reading);
            mine.put(value, before);
        }
        return before;
    }

    private boolean isAdmitted(Slot slot, JsonNode value, Pattern.Reading reading) {
        if (slot.isChoice()) {
            if (slot.exclusive && reading == Pattern.Reading.NARROW) {
                return slot.branches.stream().anyMatch(branch -> admits(branch, value, reading))
                        && slot.branches.stream().filter(branch -> admits(branch, value, Pattern.Reading.WIDE))
                                .count() == 1;
            }
            return slot.branches.stream().anyMatch(branch -> admits(branch, value, reading));
        }
        if (slot.values != null && !values.computeIfAbsent(slot, Admission::keys).contains(Values.key(value))) {
            return false;
        }
        return slot.unwritten.contains(Type.of(value))
                || slot.shapes.stream().anyMatch(shape -> admits(shape, value, reading));
    }

    private static Set<String> keys(Slot slot) {
        Set<String> keys = new HashSet<>();
        slot.values.forEach(value -> keys.add(Values.key(value)));
        return keys;
    }

    private boolean admits(Shape shape, JsonNode value, Pattern.Reading reading) {
        if (shape.type() != Type.of(value)) {
            return false;
        }
        if (shape instanceof Shape.Number number) {
            return number.range().admits(Values.number(value));
        }
        if (shape instanceof Shape.Text text) {
            int length = value.textValue().codePointCount(0, value.textValue().length());
            return length >= text.min() && (text.max() == Regex.UNLIMITED || length <= text.max())
                    && text.patterns().stream().allMatch(pattern -> matches(value.textValue(), pattern, reading));
        }
        if (shape instanceof Shape.Items items) {
            if (value.size() < items.min() || (items.max() != Regex.UNLIMITED && value.size() > items.max())) {
                return false;
            }
            for (int i = 0; i < value.size(); i++) {
                if (!admits(items.item(i), value.get(i), reading)) {
                    return false;
                }
            }
            return true;
        }
        return !(shape instanceof Shape.Properties properties) || admits(properties, value, reading);
    }

    private boolean admits(Shape.Properties properties, JsonNode value, Pattern.Reading reading) {
        for (String name : properties.properties().keySet()) {
            if (properties.requires(name) && !value.has(name)) {
                return false;
            }
        }
        for (Iterator<String> names = value.fieldNames(); names.hasNext();) {
            String name = names.next();
            if (!admits(properties.property(name), value.get(name), reading)) {
                return false;
            }
        }
        return true;
    }

    private boolean matches(String text, String pattern, Pattern.Reading reading) {
        Regex at = pattern(pattern, reading);
        for (int codePoint : text.codePoints().toArray()) {
            at = regexes.after(at, codePoint);
        }
        return at.nullable;
    }

    private Regex pattern(String pattern, Pattern.Reading reading) {
        Map<String, Regex> known = reading == Pattern.Reading.WIDE ? wide : narrow;
        Regex regex = known.get(pattern);
        if (regex == null) {
            try {
                regex = Pattern.read(regexes, pattern, reading);
            } catch (Pattern.Refused e) {
                throw new AssertionError("the pattern was read before", e);
            }
            known.put(pattern, regex);
        }
        return regex;
    }

    /**
     * Whether no string belongs to both.
     *
     * @param written of the one only what is written counts
     * @throws TooLargeException if that cannot be found out
     */
    boolean areDisjoint(Shape.Text written, Shape.Text other) {
        Regex both = regexes.and(List.of(all(written, Pattern.Reading.NARROW), all(other, Pattern.Reading.WIDE)));
        return Automaton.of(regexes, both).isEmpty();
    }

    private Regex all(Shape.Text text, Pattern.Reading reading) {
        Regex all = regexes.repeat(regexes.set(CodePoints.ANY), text.min(), text.max());
        for (String pattern : text.patterns()) {
            all = regexes.and(List.of(all, pattern(pattern, reading)));
        }
        return all;
    }
}
