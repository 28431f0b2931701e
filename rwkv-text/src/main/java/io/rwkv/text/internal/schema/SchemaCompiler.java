package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.List;

/** Makes a grammar of a JSON Schema. Has no state. */
public final class SchemaCompiler {
    private SchemaCompiler() {
    }

    /**
     * A grammar of JSON texts that are all valid by the schema.
     *
     * @param schema a JSON Schema, draft 2020-12 or one before
     * @return in the GBNF notation
     * @throws SchemaException if the text is not JSON, if the schema asks for something that is not supported, if it admits nothing,
     *     or if it is too large
     */
    public static String compile(String schema) {
        try {
            return compiled(SchemaDocument.parse(schema));
        } catch (TooLargeException e) { // in the whole, not in one place
            throw new SchemaException("#", "too large: all the patterns together");
        }
    }

    private static String compiled(SchemaDocument document) {
        List<Slot> slots = Slots.of(document);
        Slot root = slots.get(0);
        Admission admission = new Admission();
        Choices.check(slots);
        for (Slot slot : slots) {
            if (slot.values != null) {
                keepValid(slot, admission);
            }
        }
        Productivity.mark(slots);
        if (!root.productive) {
            throw root.reason != null
                    ? root.reason
                    : new SchemaException(root.goal.path(), "admits nothing: no value of finite size is valid");
        }
        Disjointness disjointness = new Disjointness(admission);
        slots.stream().filter(slot -> slot.exclusive).forEach(disjointness::prove);
        return GrammarWriter.write(root);
    }

    /** Leaves only the listed values that the other keywords admit. */
    private static void keepValid(Slot slot, Admission admission) {
        List<JsonNode> valid = slot.values.stream()
                .filter(value -> admission.admits(slot, value, Pattern.Reading.NARROW)).toList();
        if (valid.isEmpty() && slot.reason == null) {
            SchemaNode node = slot.goal.plain().stream().filter(plain -> plain.has("enum") || plain.has("const"))
                    .findFirst().orElseThrow();
            slot.reason = node.refused(node.has("enum") ? "enum" : "const",
                    "no value here satisfies the other keywords, too");
            if (slot.goal.isDirect()) {
                throw slot.reason;
            }
        }
        slot.listed = slot.values;
        slot.values = valid;
    }
}
