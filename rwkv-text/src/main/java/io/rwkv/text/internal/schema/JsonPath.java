package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** JSON pointers in the form of a URI's fragment: {@code #/properties/a~1b}. */
final class JsonPath {
    private static final int LONGEST = 2000;

    private JsonPath() {
    }

    static String escape(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    /**
     * What a reference leads to.
     *
     * @param from the schema that has the reference
     */
    static SchemaNode resolve(JsonNode root, String reference, SchemaNode from) {
        if (!reference.equals("#") && !reference.startsWith("#/")) {
            throw from.refused("$ref",
                    "only references within the schema are supported, such as #/$defs/name; found " + reference);
        }
        if (reference.length() > LONGEST) {
            throw from.refused("$ref", "a reference of more than " + LONGEST + " characters");
        }
        SchemaNode at = new SchemaNode("#", root);
        String[] parts = reference.split("/", -1);
        for (int i = 1; i < parts.length; i++) {
            String name = decoded(parts[i]).replace("~1", "/").replace("~0", "~");
            JsonNode json = at.json();
            if (json.isArray() && name.matches("0|[1-9][0-9]{0,8}") && Integer.parseInt(name) < json.size()) {
                at = at.child(Integer.parseInt(name));
            } else if (json.isObject() && json.has(name)) {
                at = at.child(name);
            } else {
                throw from.refused("$ref", "there is no " + reference);
            }
        }
        return at;
    }

    /** Without a URI's percent signs. */
    private static String decoded(String part) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < part.length(); i++) {
            if (part.charAt(i) == '%' && part.substring(i + 1).matches("(?s)[0-9A-Fa-f]{2}.*")) {
                bytes.write(Integer.parseInt(part.substring(i + 1, i + 3), 16));
                i += 2;
            } else {
                int codePoint = part.codePointAt(i);
                bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
                i += Character.charCount(codePoint) - 1;
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
