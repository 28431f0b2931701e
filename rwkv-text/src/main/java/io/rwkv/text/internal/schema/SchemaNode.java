package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

/** A schema within the document. Equal if it stands at the same place. */
record SchemaNode(String path, JsonNode json) {
    /** What stands under a keyword, or deeper. */
    SchemaNode child(String name) {
        return new SchemaNode(path + "/" + JsonPath.escape(name), json.get(name));
    }

    SchemaNode child(int index) {
        return new SchemaNode(path + "/" + index, json.get(index));
    }

    boolean has(String keyword) {
        return json.has(keyword);
    }

    JsonNode get(String keyword) {
        return json.get(keyword);
    }

    /** That a keyword is refused, or a part of it. */
    SchemaException refused(String keyword, String message) {
        return new SchemaException(path + "/" + JsonPath.escape(keyword), message);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SchemaNode node && path.equals(node.path);
    }

    @Override
    public int hashCode() {
        return path.hashCode();
    }
}
