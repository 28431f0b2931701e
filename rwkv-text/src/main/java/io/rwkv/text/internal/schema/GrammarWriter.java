package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Writes slots as rules in the GBNF notation. */
final class GrammarWriter {
    static final String COMMA = "comma";
    static final String COLON = "colon";
    private static final String CHARACTER = "char";
    private static final String STRING = "string";
    private static final String NUMBER = "number";
    private static final String INTEGER = "integer";
    private static final String BOOLEAN = "boolean";
    private static final String ANY = "value";

    /** Rules that many schemas need. */
    private static final Map<String, String> COMMON = Map.of(//
            COMMA, "\",\" \" \"?", //
            COLON, "\":\" \" \"?", //
            STRING, "\"\\\"\" char* \"\\\"\"", //
            CHARACTER, "[^\"\\\\\\x00-\\x1F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" unit)", //
            "unit", "[0-9A-Ca-cE-Fe-f] hex hex hex | [Dd] [0-7] hex hex"
                    + " | [Dd] [89ABab] hex hex \"\\\\u\" [Dd] [C-Fc-f] hex hex", // surrogates in pairs only
            "hex", "[0-9A-Fa-f]", //
            INTEGER, "\"0\" | \"-\"? [1-9] [0-9]{0,14}", //
            NUMBER, "\"-\"? (\"0\" | [1-9] [0-9]{0,14}) (\".\" [0-9]{1,15})? ([Ee] [-+]? [0-9]{1,2})?", //
            BOOLEAN, "\"true\" | \"false\"");
    private static final Map<String, List<String>> NEEDED = Map.of(STRING, List.of(CHARACTER), CHARACTER,
            List.of("unit"), "unit", List.of("hex"));

    private final Rules rules = new Rules();
    private final Map<Slot, String> names = new IdentityHashMap<>();
    /** The names of rules for strings by their lengths. */
    private final Map<String, String> counted = new HashMap<>();
    private final ArrayDeque<Slot> waiting = new ArrayDeque<>();
    private final AutomatonWriter automata = new AutomatonWriter(rules);
    private final CompositeWriter composites = new CompositeWriter(rules, this);

    /** @param root productive */
    static String write(Slot root) {
        return new GrammarWriter().all(root);
    }

    private String all(Slot root) {
        rules.put("root", "");
        COMMON.keySet().forEach(rules::reserve);
        rules.put("root", "\" \"? " + reference(root));
        while (!waiting.isEmpty()) {
            Slot slot = waiting.remove();
            rules.put(names.get(slot), choices(slot));
        }
        return rules.toString();
    }

    /** What stands for a slot in the rule of another: the name of its rule, or of a common one. */
    String reference(Slot slot) {
        boolean single = !slot.isChoice() && slot.values == null && slot.shapes.size() == 1;
        String common = single ? common(slot.shapes.get(0)) : null;
        if (common != null) {
            return common;
        }
        String name = names.get(slot);
        if (name == null) {
            name = rules.name(wantedName(slot));
            names.put(slot, name);
            waiting.add(slot);
        }
        return name;
    }

    /** The name of a common rule, which is added if it is not there yet. */
    String common(String name) {
        if (!rules.has(name)) {
            rules.put(name, COMMON.get(name));
            NEEDED.getOrDefault(name, List.of()).forEach(this::common);
        }
        return name;
    }

    /** The rule that says the same for any schema, or null. */
    private String common(Shape shape) {
        if (shape instanceof Shape.Word word) {
            return word.type() == Type.BOOLEAN ? common(BOOLEAN) : null;
        }
        if (shape instanceof Shape.Text text && text.patterns().isEmpty()) {
            boolean anyLength = text.min() == 0 && text.max() == Regex.UNLIMITED;
            return anyLength ? common(STRING) : counted.computeIfAbsent(count(text.min(), text.max()), this::string);
        }
        if (shape instanceof Shape.Number number) {
            return number.range().sameAs(NumberRange.ALL)
                    ? common(NUMBER)
                    : number.range().sameAs(NumberRange.INTEGERS) ? common(INTEGER) : null;
        }
        return null;
    }

    /** A rule for strings of so many characters: one for all places, since each character may be a state. */
    private String string(String count) {
        String name = rules.name(STRING + count.replaceAll("[^0-9]+", "-"));
        String quote = Gbnf.literal("\"");
        rules.put(name, Gbnf.join(quote, common(CHARACTER) + count, quote));
        return name;
    }

    private static String wantedName(Slot slot) {
        if (slot.goal.path().equals("#") && !slot.goal.plain().isEmpty()) {
            return "json";
        }
        if (slot.goal.plain().isEmpty() && slot.goal.open().isEmpty()) {
            return ANY;
        }
        return slot.goal.path().replaceAll("/(properties|\\$defs|definitions|anyOf|oneOf|allOf)(?=/)", "")
                .replace("/items", "/item");
    }

    private String choices(Slot slot) {
        List<String> ways = new ArrayList<>();
        if (slot.isChoice()) {
            for (Slot branch : slot.branches) {
                if (branch.productive) {
                    ways.add(reference(branch));
                }
            }
            return String.join(" | ", ways.stream().distinct().toList());
        }
        if (slot.values != null) {
            slot.values.forEach(value -> ways.add(literal(value)));
        } else {
            String name = names.get(slot);
            for (Shape shape : slot.shapes) {
                if (Productivity.of(shape)) {
                    ways.add(shape(name, shape, slot.goal.path()));
                }
            }
        }
        return String.join(" | ", ways);
    }

    private String shape(String name, Shape shape, String path) {
        String common = common(shape);
        if (common != null) {
            return common;
        }
        if (shape instanceof Shape.Number number) {
            return automata.write(name + "-number", automaton(number.range(), path), Gbnf::set, "");
        }
        if (shape instanceof Shape.Text text) {
            return string(name + "-text", text.automaton());
        }
        if (shape instanceof Shape.Items items) {
            return composites.array(name, items);
        }
        if (shape instanceof Shape.Properties properties) {
            return composites.object(name, properties);
        }
        return Gbnf.literal("null");
    }

    private static Automaton automaton(NumberRange range, String path) {
        try {
            Automaton automaton = range.automaton();
            if (automaton.isEmpty()) {
                throw new SchemaException(path, "no number that is " + range + " can be written in few digits");
            }
            return automaton;
        } catch (TooLargeException e) {
            throw new SchemaException(path, "too large: numbers that are " + range + " need too many digits or states");
        }
    }

    /** How often something may stand. */
    static String count(int min, int max) {
        if (max == Regex.UNLIMITED) {
            return min == 0 ? "*" : min == 1 ? "+" : "{" + min + ",}";
        }
        return min == 0 && max == 1 ? "?" : min == max ? "{" + min + "}" : "{" + min + "," + max + "}";
    }

    /** Strings with their quotes, without parentheses. */
    String string(String wantedName, Automaton automaton) {
        String quote = Gbnf.literal("\"");
        String content = automata.write(wantedName, automaton, Gbnf::stringSet, quote);
        boolean choice = automaton.edges(0).size() + (automaton.accepts(0) ? 1 : 0) > 1;
        return Gbnf.join(quote, choice ? "(" + content + ")" : content);
    }

    /** A value as it stands, but for optional blanks. */
    private String literal(JsonNode value) {
        List<String> parts = new ArrayList<>();
        switch (Type.of(value)) {
            case NUMBER -> parts.add(Gbnf.literal(number(value)));
            case STRING -> parts.add(Gbnf.literal(JsonText.quoted(value.textValue())));
            case ARRAY -> {
                parts.add(Gbnf.literal("["));
                for (int i = 0; i < value.size(); i++) {
                    parts.add(i == 0 ? "" : common(COMMA));
                    parts.add(literal(value.get(i)));
                }
                parts.add(Gbnf.literal("]"));
            }
            case OBJECT -> {
                parts.add(Gbnf.literal("{"));
                boolean first = true;
                for (Iterator<String> members = value.fieldNames(); members.hasNext(); first = false) {
                    String member = members.next();
                    parts.add(first ? "" : common(COMMA));
                    parts.add(Gbnf.literal(JsonText.quoted(member)));
                    parts.add(common(COLON));
                    parts.add(literal(value.get(member)));
                }
                parts.add(Gbnf.literal("}"));
            }
            default -> parts.add(Gbnf.literal(value.asText()));
        }
        return Gbnf.join(parts.toArray(new String[0]));
    }

    /** As in the schema: some validators tell 1 from 1.0 within arrays. */
    private static String number(JsonNode value) {
        return value.isIntegralNumber() ? value.bigIntegerValue().toString() : value.decimalValue().toString();
    }
}
