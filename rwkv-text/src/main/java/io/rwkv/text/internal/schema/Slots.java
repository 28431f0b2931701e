package io.rwkv.text.internal.schema;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All slots of a schema, made from the root on. */
final class Slots {
    /** More are refused: choices in combination may be exponentially many. */
    static final int MOST = 10_000;

    private final SchemaDocument document;
    private final Goal.Maker goals;
    private final Regexes regexes = new Regexes();
    private final Map<Goal, Slot> slots = new LinkedHashMap<>();
    private final List<Slot> inOrder = new ArrayList<>();

    private Slots(SchemaDocument document) {
        this.document = document;
        this.goals = new Goal.Maker(document);
    }

    /** The root first. What admits nothing is refused, or has a reason and is not productive. */
    static List<Slot> of(SchemaDocument document) {
        return new Slots(document).all();
    }

    private List<Slot> all() {
        slot(goals.all(List.of(document.root())));
        ShapeMaker shapes = new ShapeMaker(regexes, this);
        for (int i = 0; i < inOrder.size(); i++) { // grows meanwhile
            Slot slot = inOrder.get(i);
            Goal goal = slot.goal;
            if (goal.impossible() != null) {
                slot.reason = new SchemaException(goal.impossible(), "false admits nothing");
            } else if (goal.open().isEmpty()) {
                shapes.make(slot);
            } else {
                Goal.Choice choice = goal.open().get(0);
                slot.exclusive = choice.keyword().equals("oneOf");
                slot.branches = new ArrayList<>();
                for (SchemaNode branch : choice.branches()) {
                    Slot made = slot(goals.with(goal, branch));
                    slot.branches.add(made);
                }
            }
        }
        return inOrder;
    }

    /** The slot of a value that has to satisfy all of the schemas. */
    Slot slot(List<SchemaNode> nodes) {
        return slot(goals.all(nodes));
    }

    private Slot slot(Goal goal) {
        Slot slot = slots.get(goal);
        if (slot == null) {
            if (slots.size() == MOST) {
                throw new SchemaException(goal.path(),
                        "too large: the schema combines to more than " + MOST + " parts");
            }
            slot = new Slot(goal);
            slots.put(goal, slot);
            inOrder.add(slot);
        }
        return slot;
    }
}
