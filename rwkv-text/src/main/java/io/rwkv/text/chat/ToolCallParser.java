package io.rwkv.text.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds calls of tools in an answer: {@code {"name": …, "arguments": {…}}}, or an array of such, between {@code ```json} and
 * {@code ```}, or as the whole answer.
 */
final class ToolCallParser {
    private static final String FENCE = "```json";
    private static final String END = "```";

    private ToolCallParser() {
    }

    /**
     * The calls in the order in which they were written; none if nothing looks like one.
     *
     * @param names of the tools that were declared
     * @throws ToolCallException if something looks like a call and is none
     */
    static List<ToolCall> parse(String answer, Set<String> names) {
        List<ToolCall> calls = new ArrayList<>();
        String text = Blanks.strip(answer);
        if (text.startsWith("{") || text.startsWith("[")) {
            calls(text, names, calls);
            return calls;
        }
        for (int at = answer.indexOf(FENCE); at >= 0; at = answer.indexOf(FENCE, at)) {
            int from = at + FENCE.length();
            int end = end(answer, from);
            if (end < 0) {
                throw new ToolCallException(answer.substring(at),
                        "expected " + END + " after it, found the end of the reply");
            }
            calls(answer.substring(from, end), names, calls);
            at = end + END.length();
        }
        return calls;
    }

    /** Where the fence ends: the first three backquotes that are not within a JSON string; −1 if there are none. */
    private static int end(String text, int from) {
        boolean string = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (string && c == '\\') {
                i++;
            } else if (c == '"') {
                string = !string;
            } else if (!string && text.startsWith(END, i)) {
                return i;
            }
        }
        return -1;
    }

    private static void calls(String json, Set<String> names, List<ToolCall> to) {
        Object value;
        try {
            value = Json.parse(json);
        } catch (IllegalArgumentException e) {
            throw new ToolCallException(json, e.getMessage());
        }
        if (value instanceof List<?> list) {
            for (Object each : list) {
                to.add(call(each, json, names));
            }
        } else {
            to.add(call(value, json, names));
        }
    }

    private static ToolCall call(Object value, String json, Set<String> names) {
        if (!(value instanceof Map<?, ?> members)) {
            throw new ToolCallException(json, "expected an object, found " + Json.kind(value));
        }
        for (Object member : members.keySet()) {
            if (!member.equals("name") && !member.equals("arguments")) {
                throw new ToolCallException(json, "expected name and arguments, found " + member);
            }
        }
        if (!(members.get("name") instanceof String name)) {
            throw new ToolCallException(json, "name: expected a string, found " + kind(members, "name"));
        }
        if (!(members.get("arguments") instanceof Map)) {
            throw new ToolCallException(json, "arguments: expected an object, found " + kind(members, "arguments"));
        }
        if (!names.contains(name)) {
            throw new ToolCallException(json, "name: expected one of " + String.join(", ", names) + ", found " + name);
        }
        return new ToolCall(name, Json.write(members.get("arguments")));
    }

    private static String kind(Map<?, ?> members, String name) {
        return members.containsKey(name) ? Json.kind(members.get(name)) : "nothing";
    }
}
