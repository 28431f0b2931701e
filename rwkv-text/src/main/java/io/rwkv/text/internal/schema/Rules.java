package io.rwkv.text.internal.schema;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The rules of a grammar in the making, in the order in which they are first named. */
final class Rules {
    /** Longer grammars are refused. */
    static final int LONGEST = 2_000_000;
    private static final int LONGEST_NAME = 40;

    /** Without text: named but not written yet. */
    private final Map<String, String> rules = new LinkedHashMap<>();
    private final Set<String> names = new HashSet<>();
    private long length;

    /** A name that no other rule has: this one, as far as rules may be named so. */
    String name(String wanted) {
        String name = wanted.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-+|-+$", "");
        if (name.isEmpty() || Character.isDigit(name.charAt(0))) {
            name = name.isEmpty() ? "value" : "n" + name;
        }
        name = name.substring(0, Math.min(name.length(), LONGEST_NAME));
        String free = name;
        for (int i = 2; !names.add(free); i++) {
            free = name + "-" + i;
        }
        rules.put(free, "");
        return free;
    }

    /** Keeps a name for {@link #put}. */
    void reserve(String name) {
        names.add(name);
    }

    /** Adds a rule under a name from {@link #name}, or under one that is never asked for there. */
    void put(String name, String text) {
        names.add(name);
        rules.put(name, text);
        length += name.length() + text.length() + 6;
        if (length > LONGEST) {
            throw new SchemaException("#", "too large: the grammar would have more than " + LONGEST + " characters");
        }
    }

    boolean has(String name) {
        return rules.containsKey(name);
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        rules.forEach((name, text) -> out.append(name).append(" ::= ").append(text).append('\n'));
        return out.toString();
    }
}
