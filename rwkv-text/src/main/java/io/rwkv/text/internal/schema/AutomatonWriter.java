package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Writes automata as rules: one for each state, but for chains of states, which become one rule. */
final class AutomatonWriter {
    private final Rules rules;

    AutomatonWriter(Rules rules) {
        this.rules = rules;
    }

    /**
     * What stands for an automaton's texts in a rule: possibly a choice without parentheses.
     *
     * @param wanted what the rules of its states are to be called
     * @param set writes a set of characters
     * @param end what stands after each of its texts, possibly nothing
     */
    String write(String wanted, Automaton automaton, Function<CodePoints, String> set, String end) {
        int[] sources = new int[automaton.states()];
        sources[0] = 1;
        for (int state = 0; state < sources.length; state++) {
            automaton.edges(state).forEach(edge -> sources[edge.to()]++);
        }
        String[] names = new String[sources.length]; // of the states with rules of their own
        for (int state = 0; state < names.length; state++) {
            boolean isLast = automaton.edges(state).isEmpty();
            boolean isLink = sources[state] == 1 && automaton.edges(state).size() == 1 && !automaton.accepts(state);
            if (!isLast && (!isLink || state == 0) && (state != 0 || sources[0] > 1)) {
                names[state] = rules.name(wanted);
            }
        }
        for (int state = 0; state < names.length; state++) {
            if (names[state] != null) {
                rules.put(names[state], choice(automaton, state, names, set, end));
            }
        }
        if (names[0] != null) {
            return names[0];
        }
        return choice(automaton, 0, names, set, end);
    }

    /** Whether nothing follows the edge's character. */
    private static boolean isLast(Automaton automaton, Automaton.Edge edge) {
        return automaton.edges(edge.to()).isEmpty();
    }

    private static String choice(Automaton automaton, int state, String[] names, Function<CodePoints, String> set,
            String end) {
        List<String> ways = new ArrayList<>();
        for (Automaton.Edge edge : automaton.edges(state)) {
            List<String> chain = new ArrayList<>(List.of(set.apply(edge.on())));
            int at = edge.to();
            while (names[at] == null && !automaton.edges(at).isEmpty()) {
                Automaton.Edge next = automaton.edges(at).get(0);
                chain.add(set.apply(next.on()));
                at = next.to();
            }
            chain.add(names[at] != null ? names[at] : end);
            ways.add(Gbnf.join(chain.toArray(new String[0])));
        }
        if (automaton.accepts(state)) {
            if (end.isEmpty() && !ways.isEmpty()) {
                boolean single = automaton.edges(state).size() == 1 && isLast(automaton, automaton.edges(state).get(0));
                return single ? ways.get(0) + "?" : "(" + String.join(" | ", ways) + ")?";
            }
            ways.add(end.isEmpty() ? Gbnf.literal("") : end);
        }
        return String.join(" | ", ways);
    }
}
