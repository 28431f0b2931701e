package io.rwkv.text.grammar;

import io.rwkv.text.grammar.Expression.Choice;
import io.rwkv.text.grammar.Expression.Literal;
import io.rwkv.text.grammar.Expression.OneOf;
import io.rwkv.text.grammar.Expression.Reference;
import io.rwkv.text.grammar.Expression.Repeat;
import io.rwkv.text.grammar.Expression.Sequence;
import io.rwkv.text.internal.CodePoints;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compiles rules. Branches that no text can complete are left out, so that each state can be completed. Short rules become part of
 * those that refer to them; the others are called, and so are bodies that are repeated many times.
 */
final class NetworkBuilder {
    /** Against grammars that are small to write and large to compile. */
    static final int MOST_STATES = 400_000;

    /** If the copies of a repeated body took more states, the body is called instead … */
    private static final int LARGE = 8192;
    /** … and so it is where the whole would have more. Calls take two states, and more time for masks. */
    private static final int MANY = 100_000;

    private final Rules rules;
    private final RuleFacts facts;
    private final List<Unit> units = new ArrayList<>(); // in the order in which they were first called
    private final Map<Integer, Unit> unitOfRule = new HashMap<>();
    private final Map<Expression, Unit> unitOfBody = new IdentityHashMap<>();
    private final Map<List<Integer>, Integer> suffixes = new HashMap<>();

    private final IntList[] reads = lists(4); // from, lowest byte, highest byte, to
    private final IntList[] skips = lists(2); // from, to
    private final IntList[] calls = lists(3); // from, number of the unit, state thereafter
    private final BitSet ends = new BitSet();
    private int states;
    private int rule; // that is being compiled
    private int place; // of what is being compiled

    /** What is called as a whole: a rule, or something repeated within one. */
    record Unit(int number, int rule, Expression body, int start) {}

    private NetworkBuilder(Rules rules) {
        this.rules = rules;
        this.facts = new RuleFacts(rules);
    }

    /** @throws GrammarException if no text follows the root, if a rule is left-recursive, or if all is too large */
    static Network build(Rules rules) {
        return new NetworkBuilder(rules).build();
    }

    private static IntList[] lists(int count) {
        IntList[] lists = new IntList[count];
        for (int i = 0; i < count; i++) {
            lists[i] = new IntList();
        }
        return lists;
    }

    private static int[][] arrays(IntList[] lists) {
        int[][] arrays = new int[lists.length][];
        for (int i = 0; i < lists.length; i++) {
            arrays[i] = lists[i].toArray();
        }
        return arrays;
    }

    private Network build() {
        if (!facts.productive(new Reference(rules.root()))) {
            throw rules.wrongRule(rules.root(), "expected a rule that some text follows, found one that never ends");
        }
        unit(rules.root());
        for (int next = 0; next < units.size(); next++) {
            Unit unit = units.get(next);
            rule = unit.rule;
            place = rules.places().get(rule);
            suffixes.clear();
            ends.set(compile(unit.body, unit.start));
        }
        boolean[] endsByState = new boolean[states];
        ends.stream().forEach(state -> endsByState[state] = true);
        int[] classOf = new int[256];
        int classes = classes(classOf);
        int[][] readsByClass = arrays(reads);
        int[][] callsByStart = arrays(calls);
        for (int i = 0; i < readsByClass[0].length; i++) {
            readsByClass[1][i] = classOf[readsByClass[1][i]];
            readsByClass[2][i] = classOf[readsByClass[2][i]];
        }
        for (int i = 0; i < callsByStart[0].length; i++) {
            callsByStart[1][i] = units.get(callsByStart[1][i]).start;
        }
        Network network = new Network(units.get(0).start, classes, classOf, endsByState, readsByClass, arrays(skips),
                callsByStart);
        new CallOrder(network, units, rules);
        return network;
    }

    /** Numbers the bytes so that those between two bounds of ranges have the same number. */
    private int classes(int[] classOf) {
        boolean[] begins = new boolean[257];
        for (int i = 0; i < reads[0].size(); i++) {
            begins[reads[1].get(i)] = true;
            begins[reads[2].get(i) + 1] = true;
        }
        int last = 0;
        for (int b = 1; b < 256; b++) {
            last += begins[b] ? 1 : 0;
            classOf[b] = last;
        }
        return last + 1;
    }

    private int newState() {
        if (states == MOST_STATES) {
            throw rules.wrong(place, "expected a grammar of at most " + MOST_STATES
                    + " states, found a larger one; it becomes too large here");
        }
        return states++;
    }

    private Unit unit(int rule) {
        Unit unit = unitOfRule.get(rule);
        if (unit == null) {
            unit = newUnit(rule, rules.bodies().get(rule));
            unitOfRule.put(rule, unit);
        }
        return unit;
    }

    private Unit newUnit(int rule, Expression body) {
        Unit unit = new Unit(units.size(), rule, body, newState());
        units.add(unit);
        return unit;
    }

    private void read(int from, int low, int high, int to) {
        reads[0].add(from);
        reads[1].add(low);
        reads[2].add(high);
        reads[3].add(to);
    }

    private void skip(int from, int to) {
        if (from != to) {
            skips[0].add(from);
            skips[1].add(to);
        }
    }

    private int call(Unit unit, int from) {
        int to = newState();
        calls[0].add(from);
        calls[1].add(unit.number);
        calls[2].add(to);
        if (facts.nullable(unit.body)) {
            skip(from, to);
        }
        return to;
    }

    /**
     * Compiles something that some text follows.
     *
     * @param from the state before it, which may get steps of its own
     * @return the state after it, to which steps may lead only from within it, unless it is empty
     */
    private int compile(Expression e, int from) {
        int state = from;
        if (e instanceof Literal literal) {
            for (byte b : literal.utf8()) {
                int to = newState();
                read(state, b & 0xFF, b & 0xFF, to);
                state = to;
            }
        } else if (e instanceof OneOf oneOf) {
            state = newState();
            compile(oneOf.characters(), from, state);
        } else if (e instanceof Sequence sequence) {
            for (Expression part : sequence.parts()) {
                state = compile(part, state);
            }
        } else if (e instanceof Choice choice) {
            state = newState();
            for (Expression branch : choice.branches()) {
                if (facts.productive(branch)) {
                    skip(compile(branch, from), state);
                }
            }
        } else if (e instanceof Repeat repeat) {
            state = compileRepeat(repeat, from);
        } else if (e instanceof Reference reference) {
            int callee = reference.rule();
            state = facts.inPlace(callee) ? compile(rules.bodies().get(callee), from) : call(unit(callee), from);
        }
        return state;
    }

    private void compile(CodePoints characters, int from, int to) {
        for (int range = 0; range < characters.ranges(); range++) {
            for (int[] sequence : Utf8Ranges.of(characters.first(range), characters.last(range))) {
                int next = to;
                for (int at = sequence.length - 2; at > 0; at -= 2) {
                    next = suffix(sequence[at], sequence[at + 1], next);
                }
                read(from, sequence[0], sequence[1], next);
            }
        }
    }

    /** A state that only reads such a byte and goes there; the same for all characters that end so. */
    private int suffix(int low, int high, int to) {
        return suffixes.computeIfAbsent(List.of(low, high, to), key -> {
            int state = newState();
            read(state, low, high, to);
            return state;
        });
    }

    private int compileRepeat(Repeat repeat, int from) {
        Expression body = repeat.body();
        int most = repeat.most();
        if (most == 0 || !facts.productive(body)) {
            return from;
        }
        // Without this, several ways would lead through (x?){9} and the like.
        while (body instanceof Repeat inner && inner.least() == 0 && (inner.most() == 1 || inner.most() < 0)) {
            most = inner.most() < 0 ? Expression.UNBOUNDED : most;
            body = inner.body();
            if (!facts.productive(body)) {
                return from;
            }
        }
        int least = body != repeat.body() || facts.nullable(body) ? 0 : repeat.least();
        int outerPlace = place;
        place = repeat.at();
        int state = compileCopies(body, least, most, from);
        place = outerPlace;
        return state;
    }

    private int compileCopies(Expression body, int least, int most, int from) {
        int copies = Math.max(least, most);
        long statesOfCopies = (long) facts.states(body) * copies;
        boolean called = copies > 1 && (statesOfCopies > LARGE || states + statesOfCopies > MANY);
        int state = from;
        for (int i = 0; i < least; i++) {
            state = copy(body, called, state);
        }
        if (most == Expression.UNBOUNDED) {
            int loop = newState();
            skip(state, loop);
            skip(copy(body, called, loop), loop);
            return loop;
        }
        int end = newState();
        skip(state, end);
        for (int i = least; i < most; i++) {
            state = copy(body, called, state);
            skip(state, end);
        }
        return end;
    }

    private int copy(Expression body, boolean called, int from) {
        if (!called) {
            return compile(body, from);
        }
        if (body instanceof Reference reference) {
            return call(unit(reference.rule()), from);
        }
        Unit unit = unitOfBody.get(body);
        if (unit == null) {
            unit = newUnit(rule, body);
            unitOfBody.put(body, unit);
        }
        return call(unit, from);
    }
}
