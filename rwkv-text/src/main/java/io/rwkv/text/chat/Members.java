package io.rwkv.text.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The members of an object, each to be taken once, so that none is overlooked. */
final class Members {
    private final String path;
    private final Map<?, ?> left;

    Members(String path, Object value) {
        if (!(value instanceof Map<?, ?> members)) {
            throw wrong(path, "an object", Json.kind(value));
        }
        this.path = path;
        this.left = members;
    }

    static IllegalArgumentException wrong(String path, String expected, String found) {
        return new IllegalArgumentException(path + ": expected " + expected + ", found " + found);
    }

    boolean has(String name) {
        return left.containsKey(name);
    }

    Object take(String name) {
        if (!has(name)) {
            throw wrong(path + "." + name, "a value", "nothing");
        }
        return left.remove(name);
    }

    String string(String name) {
        Object value = take(name);
        if (!(value instanceof String text)) {
            throw wrong(path + "." + name, "a string", Json.kind(value));
        }
        return text;
    }

    String stringOr(String name, String otherwise) {
        return has(name) ? string(name) : otherwise;
    }

    boolean flag(String name) {
        Object value = take(name);
        if (!(value instanceof Boolean flag)) {
            throw wrong(path + "." + name, "true or false", Json.kind(value));
        }
        return flag;
    }

    List<?> list(String name) {
        Object value = take(name);
        if (!(value instanceof List<?> list)) {
            throw wrong(path + "." + name, "an array", Json.kind(value));
        }
        return list;
    }

    List<String> strings(String name) {
        List<String> strings = new ArrayList<>();
        for (Object element : list(name)) {
            if (!(element instanceof String text)) {
                throw wrong(path + "." + name + "[" + strings.size() + "]", "a string", Json.kind(element));
            }
            strings.add(text);
        }
        return strings;
    }

    int integer(String name) {
        return integer(take(name), name);
    }

    int[] integers(String name) {
        return list(name).stream().mapToInt(element -> integer(element, name)).toArray();
    }

    private int integer(Object value, String name) {
        Integer number = value instanceof Json.Num num ? num.intValue() : null;
        if (number == null) {
            throw wrong(path + "." + name, "a whole number", Json.kind(value));
        }
        return number;
    }

    String path() {
        return path;
    }

    void ignore(String... names) {
        for (String name : names) {
            left.remove(name);
        }
    }

    /** @throws IllegalArgumentException if a member was not taken */
    void end() {
        if (!left.isEmpty()) {
            throw wrong(path, "only members that are known", "" + left.keySet().iterator().next());
        }
    }
}
