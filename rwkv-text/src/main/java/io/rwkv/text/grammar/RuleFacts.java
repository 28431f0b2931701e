package io.rwkv.text.grammar;

import io.rwkv.text.grammar.Expression.Choice;
import io.rwkv.text.grammar.Expression.Literal;
import io.rwkv.text.grammar.Expression.OneOf;
import io.rwkv.text.grammar.Expression.Reference;
import io.rwkv.text.grammar.Expression.Repeat;
import io.rwkv.text.grammar.Expression.Sequence;
import io.rwkv.text.internal.CodePoints;

import java.util.List;
import java.util.TreeSet;

/** What has to be known of rules before they are compiled. Of rules that the root does not need, nothing is known. Immutable. */
final class RuleFacts {
    /** Rules of at most so many states … */
    private static final int LIGHT = 128;
    /** … and texts of at most so many bytes become part of the rules that refer to them. */
    private static final int SHORT = 32;

    private static final int MANY = 1 << 28;
    /** Of a set of characters: so many for its first range beyond ASCII, and some for each more. */
    private static final int UTF8_STATES = 8;
    private static final int RANGE_STATES = 2;

    private final Components components;
    private final boolean[] productive; // [rule]: whether any text follows it
    private final boolean[] nullable; // [rule]: whether the empty text follows it
    private final int[] states; // [rule], at most
    private final int[] bytes; // [rule], of the longest text that follows it

    RuleFacts(Rules rules) {
        int count = rules.count();
        int[][] references = new int[count][];
        for (int rule = 0; rule < count; rule++) {
            TreeSet<Integer> found = new TreeSet<>();
            collect(rules.bodies().get(rule), found);
            references[rule] = found.stream().mapToInt(Integer::intValue).toArray();
        }
        components = new Components(references, rules.root());
        productive = new boolean[count];
        nullable = new boolean[count];
        states = new int[count];
        bytes = new int[count];
        int[] order = components.order();
        for (boolean changed = true; changed;) {
            changed = false;
            for (int rule : order) {
                Expression body = rules.bodies().get(rule);
                if (!productive[rule] && productive(body)) {
                    changed = productive[rule] = true;
                }
                if (!nullable[rule] && nullable(body)) {
                    changed = nullable[rule] = true;
                }
            }
        }
        for (int rule : order) {
            boolean recursive = components.cyclic(rule);
            states[rule] = recursive ? MANY : states(rules.bodies().get(rule));
            bytes[rule] = recursive ? MANY : bytes(rules.bodies().get(rule));
        }
    }

    private static void collect(Expression e, TreeSet<Integer> references) {
        if (e instanceof Reference reference) {
            references.add(reference.rule());
        } else if (e instanceof Sequence sequence) {
            sequence.parts().forEach(part -> collect(part, references));
        } else if (e instanceof Choice choice) {
            choice.branches().forEach(branch -> collect(branch, references));
        } else if (e instanceof Repeat repeat) {
            collect(repeat.body(), references);
        }
    }

    /** Whether there is any text that follows it. */
    boolean productive(Expression e) {
        if (e instanceof Reference reference) {
            return productive[reference.rule()];
        }
        if (e instanceof Sequence sequence) {
            return all(sequence.parts(), true);
        }
        if (e instanceof Choice choice) {
            return any(choice.branches(), true);
        }
        return !(e instanceof Repeat repeat) || repeat.least() == 0 || productive(repeat.body());
    }

    /** Whether the empty text follows it. */
    boolean nullable(Expression e) {
        if (e instanceof Literal literal) {
            return literal.utf8().length == 0;
        }
        if (e instanceof Reference reference) {
            return nullable[reference.rule()];
        }
        if (e instanceof Sequence sequence) {
            return all(sequence.parts(), false);
        }
        if (e instanceof Choice choice) {
            return any(choice.branches(), false);
        }
        return e instanceof Repeat repeat && (repeat.least() == 0 || nullable(repeat.body()));
    }

    private boolean all(List<Expression> parts, boolean product) {
        for (Expression part : parts) {
            if (!(product ? productive(part) : nullable(part))) {
                return false;
            }
        }
        return true;
    }

    private boolean any(List<Expression> branches, boolean product) {
        for (Expression branch : branches) {
            if (product ? productive(branch) : nullable(branch)) {
                return true;
            }
        }
        return false;
    }

    /** Whether references to a rule are compiled as what it says, in place, and not as calls. */
    boolean inPlace(int rule) {
        return states[rule] <= LIGHT && bytes[rule] <= SHORT;
    }

    /** About how many states it takes, at most. */
    int states(Expression e) {
        if (e instanceof Literal literal) {
            return literal.utf8().length;
        }
        if (e instanceof OneOf oneOf) {
            CodePoints characters = oneOf.characters();
            boolean ascii = characters.last(characters.ranges() - 1) < 0x80;
            return ascii ? 1 : UTF8_STATES + RANGE_STATES * characters.ranges();
        }
        if (e instanceof Reference reference) {
            return inPlace(reference.rule()) ? states[reference.rule()] : 1;
        }
        if (e instanceof Repeat repeat) {
            return (int) Math.min(MANY, (1L + states(repeat.body())) * copies(repeat));
        }
        long sum = 1;
        for (Expression part : parts(e)) {
            sum += states(part);
        }
        return (int) Math.min(MANY, sum);
    }

    /** How often its body is compiled, if each time has states of its own. */
    static int copies(Repeat repeat) {
        return Math.max(1, repeat.most() == Expression.UNBOUNDED ? repeat.least() : repeat.most());
    }

    private int bytes(Expression e) {
        if (e instanceof Literal literal) {
            return literal.utf8().length;
        }
        if (e instanceof OneOf oneOf) {
            int last = oneOf.characters().last(oneOf.characters().ranges() - 1);
            return last < 0x80 ? 1 : last < 0x800 ? 2 : last < 0x10000 ? 3 : 4;
        }
        if (e instanceof Reference reference) {
            return bytes[reference.rule()];
        }
        if (e instanceof Repeat repeat) {
            return repeat.most() == Expression.UNBOUNDED
                    ? MANY
                    : (int) Math.min(MANY, (long) bytes(repeat.body()) * repeat.most());
        }
        long length = 0;
        for (Expression part : parts(e)) {
            length = e instanceof Choice ? Math.max(length, bytes(part)) : length + bytes(part);
        }
        return (int) Math.min(MANY, length);
    }

    private static List<Expression> parts(Expression e) {
        return e instanceof Sequence sequence ? sequence.parts() : ((Choice) e).branches();
    }
}
