package io.rwkv.text.chat;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A function that the model may call. Declared to the model in one line, either as a signature or as a JSON object; a conversation
 * declares all its tools in the same way. Immutable and safe for any number of threads.
 */
public final class Tool {
    private final String name;
    private final String line;
    private final boolean json;

    private Tool(String name, String line, boolean json) {
        this.name = name;
        this.line = line;
        this.json = json;
    }

    /**
     * A tool by its signature, as {@code book_table(name: string, guests: integer, area?: "inside" | "terrace")}. It is shown to the
     * model as it is.
     *
     * @throws IllegalArgumentException if it is not one line of a name and arguments in parentheses
     */
    public static Tool signature(String signature) {
        int open = signature.indexOf('(');
        String name = open < 0 ? "" : signature.substring(0, open);
        if (name.isEmpty() || name.chars().anyMatch(c -> Blanks.isBlank((char) c)) || !signature.endsWith(")")
                || signature.indexOf('\n') >= 0 || signature.indexOf('\r') >= 0) {
            throw new IllegalArgumentException("tool: expected one line, name(argument: type, …), found " + signature);
        }
        return new Tool(name, signature, false);
    }

    /**
     * A tool by a JSON object with its {@code name} and what else the model should know, such as {@code description} and
     * {@code arguments}. It is shown to the model as it is; if it has several lines, without blanks between its parts.
     *
     * @throws IllegalArgumentException if it is no JSON object with a name
     */
    public static Tool json(String object) {
        Object value;
        try {
            value = Json.parse(object);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("tool: " + e.getMessage(), e);
        }
        Object name = value instanceof Map<?, ?> members ? members.get("name") : null;
        if (!(name instanceof String text) || text.isEmpty()) {
            throw new IllegalArgumentException("tool: expected a JSON object with a name, found "
                    + (value instanceof Map ? "none in it" : Json.kind(value)));
        }
        String line = object.strip();
        boolean several = line.indexOf('\n') >= 0 || line.indexOf('\r') >= 0;
        return new Tool(text, several ? Json.compact(line) : line, true);
    }

    /** The name by which the model calls it. */
    public String name() {
        return name;
    }

    /** What the model is shown. */
    public String line() {
        return line;
    }

    /** Whether it is declared as a JSON object; if not, by a signature. */
    public boolean isJson() {
        return json;
    }

    /** What the system's text says of them. */
    static String declare(List<Tool> tools) {
        String list = tools.get(0).json
                ? tools.stream().map(Tool::line).collect(Collectors.joining(",\n", "[\n", "\n]"))
                : tools.stream().map(tool -> "- " + tool.line).collect(Collectors.joining("\n"));
        return "Tools:\n" + list + "\nReturn only a JSON function call.";
    }

    /** @throws IllegalArgumentException if two have the same name, or if they are declared in two ways */
    static void checkTogether(List<Tool> tools) {
        Set<String> names = new HashSet<>();
        for (Tool tool : tools) {
            if (!names.add(tool.name)) {
                throw new IllegalArgumentException("tools: expected each name once, found " + tool.name + " again");
            }
            if (tool.json != tools.get(0).json) {
                throw new IllegalArgumentException("tools: expected all as signatures or all as JSON objects, found "
                        + tools.get(0).name + " and " + tool.name + " in different ways");
            }
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tool that && line.equals(that.line) && json == that.json;
    }

    @Override
    public int hashCode() {
        return line.hashCode();
    }

    @Override
    public String toString() {
        return line;
    }
}
