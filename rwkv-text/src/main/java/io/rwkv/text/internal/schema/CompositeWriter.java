package io.rwkv.text.internal.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes arrays and objects. */
final class CompositeWriter {
    private final Rules rules;
    private final GrammarWriter grammar;
    private final Regexes regexes = new Regexes();

    CompositeWriter(Rules rules, GrammarWriter grammar) {
        this.rules = rules;
        this.grammar = grammar;
    }

    String array(String name, Shape.Items items) {
        int max = items.max();
        int prefix = 0;
        while (prefix < items.prefix().size() && items.item(prefix).productive && prefix != max) {
            prefix++;
        }
        boolean more = prefix == items.prefix().size() && items.rest() != null && items.rest().productive;
        // From the end on: what follows each item of the prefix.
        String rest = more ? further(items, prefix) : "";
        for (int i = prefix - 1; i >= 0; i--) {
            String item = Gbnf.join(i == 0 ? "" : grammar.common(GrammarWriter.COMMA),
                    grammar.reference(items.item(i)), rest);
            if (i < items.min()) {
                rest = item;
            } else if (i == 0) {
                rest = "(" + item + ")?";
            } else { // a rule each, so that parentheses do not nest
                String following = rules.name(name + "-from-" + (i + 1));
                rules.put(following, "(" + item + ")?");
                rest = following;
            }
        }
        return Gbnf.join(Gbnf.literal("["), rest, Gbnf.literal("]"));
    }

    /** The items after those of the prefix. */
    private String further(Shape.Items items, int prefix) {
        int min = Math.max(0, items.min() - prefix);
        int max = items.max() == Regex.UNLIMITED ? Regex.UNLIMITED : items.max() - prefix;
        if (max == 0) {
            return "";
        }
        String item = grammar.reference(items.rest());
        String next = "(" + grammar.common(GrammarWriter.COMMA) + " " + item + ")";
        if (prefix > 0) {
            return next + GrammarWriter.count(min, max);
        }
        int others = max == Regex.UNLIMITED ? Regex.UNLIMITED : max - 1;
        String all = others == 0 ? item : item + " " + next + GrammarWriter.count(Math.max(0, min - 1), others);
        return min == 0 ? "(" + all + ")?" : all;
    }

    String object(String name, Shape.Properties properties) {
        List<String> members = new ArrayList<>();
        List<Boolean> required = new ArrayList<>();
        for (Map.Entry<String, Shape.Property> entry : properties.properties().entrySet()) {
            Slot slot = entry.getValue().slot();
            if (slot.productive) {
                members.add(Gbnf.join(Gbnf.literal(JsonText.quoted(entry.getKey())),
                        grammar.common(GrammarWriter.COLON), grammar.reference(slot)));
                required.add(entry.getValue().required());
            }
        }
        String comma = grammar.common(GrammarWriter.COMMA);
        String extra = properties.extra() == null || !properties.extra().productive
                ? null
                : extra(name, properties.properties().keySet(), properties.extra());
        int firstRequired = required.contains(true) ? required.indexOf(true) : members.size();
        // What may follow a property: the same whichever stands first, so that one rule each is enough.
        String after = extra == null ? "" : "(" + comma + " " + extra + ")*";
        for (int i = members.size() - 1; i > firstRequired; i--) {
            String next = Gbnf.join(comma, members.get(i));
            after = Gbnf.join(required.get(i) ? next : "(" + next + ")?", after);
        }
        // What may stand first: the first required property, or an optional one before it.
        String first;
        if (firstRequired < members.size()) {
            first = Gbnf.join(members.get(firstRequired), after);
            after = Gbnf.join(comma, first);
        } else {
            first = extra == null ? "" : Gbnf.join(extra, after);
        }
        List<String> ways = new ArrayList<>();
        for (int i = firstRequired - 1; i >= 0; i--) {
            if (!after.isEmpty()) {
                String rule = rules.name(name + "-after-" + (i + 1));
                rules.put(rule, after);
                after = rule;
            }
            ways.add(0, Gbnf.join(members.get(i), after));
            after = Gbnf.join("(" + Gbnf.join(comma, members.get(i)) + ")?", after);
        }
        if (!first.isEmpty()) {
            ways.add(first);
        }
        String content = ways.isEmpty() ? "" : ways.size() == 1 ? ways.get(0) : "(" + String.join(" | ", ways) + ")";
        if (firstRequired == members.size() && !content.isEmpty()) {
            content = ways.size() == 1 ? "(" + content + ")?" : content + "?";
        }
        return Gbnf.join(Gbnf.literal("{"), content, Gbnf.literal("}"));
    }

    /** A property of any name but those of other properties. */
    private String extra(String name, Set<String> taken, Slot slot) {
        String key = grammar.common("string");
        if (!taken.isEmpty()) {
            List<Regex> texts = new ArrayList<>();
            taken.forEach(text -> texts.add(regexes.text(text)));
            Automaton others;
            try {
                others = Automaton.of(regexes, regexes.not(regexes.or(texts)));
            } catch (TooLargeException e) {
                throw new SchemaException(slot.goal.path(),
                        "too large: the names of the properties make too many states");
            }
            key = grammar.string(name + "-name", others);
        }
        String rule = rules.name(name + "-other");
        rules.put(rule, Gbnf.join(key, grammar.common(GrammarWriter.COLON), grammar.reference(slot)));
        return rule;
    }
}
