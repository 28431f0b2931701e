package io.rwkv.text.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Proves that what is written for one branch of a {@code oneOf} is never valid for another. Simple proofs only: other types, other
 * constants, ranges or lengths that do not meet, patterns, and the same of a property or an item that has to be there.
 */
final class Disjointness {
    private static final int DEEPEST = 8;
    /** Comparisons for one schema. */
    private static final int MOST = 1_000_000;

    private final Admission admission;
    private int left = MOST;

    Disjointness(Admission admission) {
        this.admission = admission;
    }

    /** Refuses a {@code oneOf} of which that cannot be proved. */
    void prove(Slot choice) {
        List<Slot> branches = choice.branches;
        String path = choice.goal.open().get(0).node().path() + "/oneOf";
        for (int i = 0; i < branches.size(); i++) {
            for (int k = 0; k < branches.size(); k++) {
                if (i != k && !areDisjoint(branches.get(i), branches.get(k), 0)) {
                    throw new SchemaException(path, "branches " + Math.min(i, k) + " and " + Math.max(i, k)
                            + " may both admit the same value, which oneOf forbids; use anyOf, or tell them apart by"
                            + " type or by a required property with different const");
                }
            }
        }
    }

    /** @param other null: any value */
    private boolean areDisjoint(Slot written, Slot other, int depth) {
        if (!written.productive) {
            return true;
        }
        if (other == null || depth > DEEPEST || --left < 0) {
            return false;
        }
        if (written.isChoice()) {
            return written.branches.stream().allMatch(branch -> areDisjoint(branch, other, depth));
        }
        if (other.isChoice()) {
            return other.branches.stream().allMatch(branch -> areDisjoint(written, branch, depth));
        }
        if (written.values != null) {
            return written.values.stream().noneMatch(value -> admits(other, value));
        }
        if (other.listed != null) {
            return other.listed.stream().noneMatch(value -> admits(written, value) && admits(other, value));
        }
        return written.shapes.stream().allMatch(shape -> !other.unwritten.contains(shape.type())
                && other.shapes.stream().allMatch(with -> areDisjoint(shape, with, depth)));
    }

    private boolean admits(Slot slot, JsonNode value) {
        return admission.admits(slot, value, Pattern.Reading.WIDE);
    }

    private boolean areDisjoint(Shape written, Shape other, int depth) {
        if (written.type() != other.type()) {
            return true;
        }
        if (written instanceof Shape.Number one && other instanceof Shape.Number two) {
            return one.range().and(two.range()).isEmpty();
        }
        if (written instanceof Shape.Text one && other instanceof Shape.Text two) {
            try {
                return (one.max() != Regex.UNLIMITED && one.max() < two.min())
                        || (two.max() != Regex.UNLIMITED && two.max() < one.min())
                        || (!(one.patterns().isEmpty() && two.patterns().isEmpty())
                                && admission.areDisjoint(one, two));
            } catch (TooLargeException e) {
                return false;
            }
        }
        if (written instanceof Shape.Items one && other instanceof Shape.Items two) {
            return areDisjoint(one, two, depth);
        }
        return written instanceof Shape.Properties one && other instanceof Shape.Properties two
                && areDisjoint(one, two, depth);
    }

    private boolean areDisjoint(Shape.Items written, Shape.Items other, int depth) {
        int max = written.rest() != null ? written.max() : written.prefix().size();
        if ((max != Regex.UNLIMITED && max < other.min())
                || (other.max() != Regex.UNLIMITED && other.max() < written.min())) {
            return true;
        }
        int inBoth = Math.max(written.min(), other.min());
        int different = Math.max(written.prefix().size(), other.prefix().size()) + 1;
        for (int i = 0; i < Math.min(inBoth, different); i++) {
            if (written.item(i) == null || areDisjoint(written.item(i), other.item(i), depth + 1)) {
                return true;
            }
        }
        return false;
    }

    private boolean areDisjoint(Shape.Properties written, Shape.Properties other, int depth) {
        Set<String> names = new LinkedHashSet<>(written.properties().keySet());
        names.addAll(other.properties().keySet());
        for (String name : names) {
            if (written.requires(name) || other.requires(name)) { // then a value of both has it
                Slot slot = written.property(name);
                if (slot == null || areDisjoint(slot, other.property(name), depth + 1)) {
                    return true;
                }
            }
        }
        return false;
    }
}
