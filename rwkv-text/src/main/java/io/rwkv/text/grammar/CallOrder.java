package io.rwkv.text.grammar;

import io.rwkv.text.grammar.NetworkBuilder.Unit;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * In which order states take their steps without reading, so that all ways to a state are known before it takes its own; in any other
 * order, rules that call each other twice would double the work with each level.
 *
 * <p>After a byte, rules that were called end before those that called them: these come first, in this order. Then rules are called
 * that begin, those that call before those that are called.
 */
final class CallOrder {
    private final Network network;
    private final List<Unit> units;
    private final Map<Integer, Integer> unitAt = new HashMap<>(); // by its first state
    private final int[][] firstCalls; // [unit]: those that it may call before it reads
    private final int[][] allCalls; // [unit]
    private final int[] unitOf; // [state]
    private final int[] walked; // [state], the number of the last walk that came there
    private int walks;

    /**
     * Sets the order of a network.
     *
     * @throws GrammarException if a unit calls itself before it has read, and comes back from that: it would be called for ever
     */
    CallOrder(Network network, List<Unit> units, Rules rules) {
        this.network = network;
        this.units = units;
        units.forEach(unit -> unitAt.put(unit.start(), unit.number()));
        firstCalls = new int[units.size()][];
        allCalls = new int[units.size()][];
        unitOf = new int[network.states];
        walked = new int[network.states];
        BitSet beginnings = new BitSet();
        List<List<Unit>> nested = new ArrayList<>(); // [unit]: those that it calls first, and comes back from
        for (Unit unit : units) {
            walkBeginning(unit, beginnings, nested);
            walk(unit);
        }
        int[] all = IntStream.range(0, units.size()).toArray();
        Components first = new Components(firstCalls, all);
        for (Unit unit : units) {
            for (Unit callee : nested.get(unit.number())) {
                if (first.together(unit.number(), callee.number())) {
                    throw leftRecursion(unit, callee, rules);
                }
            }
        }
        Components calls = new Components(allCalls, all);
        for (int state = 0; state < network.states; state++) {
            network.order[state] = beginnings.get(state)
                    ? 2 * units.size() - first.number(unitOf[state])
                    : calls.number(unitOf[state]);
        }
    }

    private static GrammarException leftRecursion(Unit unit, Unit callee, Rules rules) {
        return rules.wrongRule(unit.rule(), "left recursion is not supported: before any character is read, it needs "
                + (unit.rule() == callee.rule()
                        ? "itself"
                        : "rule " + rules.names().get(callee.rule()) + ", which needs it in turn")
                + "; write a ::= b (\",\" b)* instead of a ::= b | a \",\" b");
    }

    /** Finds the states of a unit that come before it reads, and what it calls there. */
    private void walkBeginning(Unit unit, BitSet beginnings, List<List<Unit>> nested) {
        BitSet called = new BitSet();
        List<Unit> back = new ArrayList<>();
        IntList open = new IntList();
        open.add(unit.start());
        walks++;
        while (!open.isEmpty()) {
            int state = open.removeLast();
            if (walked[state] == walks) {
                continue;
            }
            walked[state] = walks;
            beginnings.set(state);
            for (int i = network.skipFrom[state]; i < network.skipFrom[state + 1]; i++) {
                open.add(network.skipTo[i]);
            }
            for (int i = network.callFrom[state]; i < network.callFrom[state + 1]; i++) {
                int callee = unitAt.get(network.callStart[i]);
                called.set(callee);
                if (network.callReturn[i] != Network.TAIL) {
                    back.add(units.get(callee));
                }
            }
        }
        firstCalls[unit.number()] = called.stream().toArray();
        nested.add(back);
    }

    /** Finds all states of a unit, and all that it calls. */
    private void walk(Unit unit) {
        BitSet called = new BitSet();
        IntList open = new IntList();
        open.add(unit.start());
        walks++;
        while (!open.isEmpty()) {
            int state = open.removeLast();
            if (walked[state] == walks) {
                continue;
            }
            walked[state] = walks;
            unitOf[state] = unit.number();
            for (int i = network.skipFrom[state]; i < network.skipFrom[state + 1]; i++) {
                open.add(network.skipTo[i]);
            }
            for (int i = network.readFrom[state]; i < network.readFrom[state + 1]; i++) {
                open.add(network.readTo[i]);
            }
            for (int i = network.callFrom[state]; i < network.callFrom[state + 1]; i++) {
                called.set(unitAt.get(network.callStart[i]));
                if (network.callReturn[i] != Network.TAIL) {
                    open.add(network.callReturn[i]);
                }
            }
        }
        allCalls[unit.number()] = called.stream().toArray();
    }
}
