package io.rwkv.text.chat;

import io.rwkv.text.grammar.Grammar;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The grammar of a reply that is a call of one of some tools, from the end of its opening on, by what the tools declare. */
final class ToolGrammar {
    private static final Pattern ARGUMENT = Pattern.compile("\\s*([^\\s:?,|\"()]+)(\\??)\\s*:\\s*(.+?)\\s*",
            Pattern.DOTALL);
    private static final Pattern ROOT = Pattern.compile("^root ::=", Pattern.MULTILINE);
    private static final String CALL = "tool-call";

    private ToolGrammar() {
    }

    /** @throws IllegalArgumentException if what a tool declares is not understood; the message names the tool */
    static Grammar of(List<Tool> tools) {
        if (tools.isEmpty()) {
            throw new IllegalArgumentException("tools: expected at least one to call, found none");
        }
        List<Object> calls = new ArrayList<>();
        for (Tool tool : tools) {
            Map<String, Object> arguments = tool.isJson() ? anObject(tool, declared(tool)) : signed(tool);
            try {
                Grammar.jsonSchema(Json.write(arguments)); // so that a message is about this tool
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("tool " + tool.name() + ": arguments: " + e.getMessage(), e);
            }
            Map<String, Object> call = new LinkedHashMap<>(); // written in this order
            call.put("name", Map.of("const", tool.name()));
            call.put("arguments", arguments);
            calls.add(object(call, new ArrayList<>(call.keySet())));
        }
        String json = Grammar.jsonSchema(Json.write(Map.of("anyOf", calls))).gbnf();
        Matcher root = ROOT.matcher(json);
        if (!root.find()) {
            throw new IllegalStateException("expected a rule root, found " + json);
        }
        return Grammar.gbnf("root ::= \"\\n\" " + CALL + " \"\\n```\"\n" + root.replaceFirst(CALL + " ::="));
    }

    /** The schema with {@code type: object}, since arguments are one; refuses what would mean something else within a larger schema. */
    private static Map<String, Object> anObject(Tool tool, Map<String, Object> schema) {
        Object type = schema.getOrDefault("type", "object");
        if (!type.equals("object")) {
            throw new IllegalArgumentException("tool " + tool.name() + ": arguments: expected the type object, found "
                    + Json.write(type));
        }
        if (refers(schema)) {
            throw new IllegalArgumentException(
                    "tool " + tool.name() + ": arguments: expected a schema without $ref, found one");
        }
        Map<String, Object> all = new LinkedHashMap<>(schema);
        all.put("type", type);
        return all;
    }

    private static boolean refers(Object schema) {
        if (schema instanceof Map<?, ?> map) {
            return map.containsKey("$ref") || map.values().stream().anyMatch(ToolGrammar::refers);
        }
        return schema instanceof List<?> list && list.stream().anyMatch(ToolGrammar::refers);
    }

    private static Map<String, Object> object(Map<String, ?> properties, List<?> required) {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", properties);
        schema.put("required", required);
        schema.put("additionalProperties", false);
        return schema;
    }

    /** By {@code parameters}, a JSON Schema; or by {@code arguments}, schemas by name; none if there is neither. */
    @SuppressWarnings("unchecked") // names of JSON objects are strings
    private static Map<String, Object> declared(Tool tool) {
        Map<String, Object> members = (Map<String, Object>) Json.parse(tool.line());
        if (members.get("parameters") instanceof Map<?, ?> schema) {
            return (Map<String, Object>) schema;
        }
        Object arguments = members.getOrDefault("arguments", Map.of());
        Object required = members.get("required");
        if (members.containsKey("parameters") || !(arguments instanceof Map<?, ?> map)
                || required != null && !(required instanceof List)) {
            throw new IllegalArgumentException(
                    "tool " + tool.name() + ": expected parameters, a JSON Schema, or arguments, "
                            + "an object of JSON Schemas, maybe with a list of those that are required");
        }
        return object((Map<String, ?>) map, required == null ? new ArrayList<>(map.keySet()) : (List<?>) required);
    }

    private static Map<String, Object> signed(Tool tool) {
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        String inside = tool.line().substring(tool.name().length() + 1, tool.line().length() - 1);
        for (String each : split(inside, ',')) {
            if (each.isBlank() && inside.isBlank()) {
                break;
            }
            Matcher argument = ARGUMENT.matcher(each);
            if (!argument.matches() || properties.containsKey(argument.group(1))) {
                throw new IllegalArgumentException(
                        "tool " + tool.name() + ": expected arguments like name: type, found " + each.strip());
            }
            properties.put(argument.group(1), type(tool, argument.group(3)));
            if (argument.group(2).isEmpty()) {
                required.add(argument.group(1));
            }
        }
        return object(properties, required);
    }

    private static Map<String, Object> type(Tool tool, String type) {
        List<String> ways = split(type, '|');
        List<Object> words = new ArrayList<>();
        for (String way : ways) {
            String word = way.strip();
            if (ways.size() == 1 && List.of("string", "integer", "number", "boolean").contains(word)) {
                return Map.of("type", word);
            }
            if (ways.size() == 1 && word.endsWith("[]")) {
                return Map.of("type", "array", "items", type(tool, word.substring(0, word.length() - 2)));
            }
            if (word.length() < 2 || !word.startsWith("\"") || !word.endsWith("\"") || word.indexOf('\\') >= 0) {
                throw new IllegalArgumentException("tool " + tool.name()
                        + ": expected a type string, integer, number, boolean, one of these with [], or words in quotes "
                        + "with | between, found " + type);
            }
            words.add(word.substring(1, word.length() - 1));
        }
        return Map.of("enum", words);
    }

    /** Splits a text where this character stands outside of quotes. */
    private static List<String> split(String text, char at) {
        List<String> parts = new ArrayList<>();
        boolean quoted = false;
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            quoted ^= text.charAt(i) == '"';
            if (!quoted && text.charAt(i) == at) {
                parts.add(text.substring(from, i));
                from = i + 1;
            }
        }
        parts.add(text.substring(from));
        return parts;
    }
}
