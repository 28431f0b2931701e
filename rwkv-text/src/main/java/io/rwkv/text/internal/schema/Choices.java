package io.rwkv.text.internal.schema;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks that choices end: that no branch leads to the same choice again, without a property or an item between. */
final class Choices {
    /** Choices directly within each other. */
    private static final int DEEPEST = 200;

    private final Set<Slot> ending = new HashSet<>();
    private final Set<Slot> entered = new HashSet<>();

    private Choices() {
    }

    static void check(List<Slot> slots) {
        Choices choices = new Choices();
        slots.forEach(choices::enter);
    }

    private void enter(Slot slot) {
        if (!slot.isChoice() || ending.contains(slot)) {
            return;
        }
        if (!entered.add(slot) || entered.size() > DEEPEST) {
            throw new SchemaException(slot.goal.path(),
                    "refers to itself, or to more than " + DEEPEST + " others, without a property or an item between");
        }
        slot.branches.forEach(this::enter);
        entered.remove(slot);
        ending.add(slot);
    }
}
