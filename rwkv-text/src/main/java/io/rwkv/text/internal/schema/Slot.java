package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The place of a value that has to reach a {@link Goal}, and what may stand there. One for each goal, so that schemas may be recursive. */
final class Slot {
    final Goal goal;
    /** Of a goal with an open choice: a slot for each branch. Else null. */
    List<Slot> branches;
    /** Whether a value may belong to one branch only. */
    boolean exclusive;
    /** Without a choice: one for each type. */
    final List<Shape> shapes = new ArrayList<>();
    /** Types of which the schema admits all values, but of which none is written. */
    final Set<Type> unwritten = EnumSet.noneOf(Type.class);
    /** The only values, of those that the shapes admit; null if there is no such list. */
    List<JsonNode> values;
    /** The same, and those that only some validators admit. */
    List<JsonNode> listed;
    /** Why there is no value, if there is none. */
    SchemaException reason;
    /** Whether a value of finite length can be written here. */
    boolean productive;

    Slot(Goal goal) {
        this.goal = goal;
    }

    boolean isChoice() {
        return branches != null;
    }
}
