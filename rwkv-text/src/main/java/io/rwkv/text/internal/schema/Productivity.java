package io.rwkv.text.internal.schema;

import java.util.List;

/** Finds the slots in which a value of finite length can be written: a schema may ask for a value within a value for ever. */
final class Productivity {
    private Productivity() {
    }

    static void mark(List<Slot> slots) {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int i = slots.size() - 1; i >= 0; i--) { // inner slots mostly stand behind outer ones
                Slot slot = slots.get(i);
                if (!slot.productive && isProductive(slot)) {
                    slot.productive = true;
                    changed = true;
                }
            }
        }
    }

    private static boolean isProductive(Slot slot) {
        if (slot.isChoice()) {
            return slot.branches.stream().anyMatch(branch -> branch.productive);
        }
        return slot.values != null ? !slot.values.isEmpty() : slot.shapes.stream().anyMatch(Productivity::of);
    }

    /** Of a shape, as far as the slots are marked. */
    static boolean of(Shape shape) {
        if (shape instanceof Shape.Items items) {
            for (int i = 0; i < Math.min(items.min(), items.prefix().size() + 1); i++) {
                if (!items.item(i).productive) {
                    return false;
                }
            }
        }
        return !(shape instanceof Shape.Properties properties) || properties.properties().values().stream()
                .allMatch(property -> !property.required() || property.slot().productive);
    }
}
