package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A set of texts as a deterministic automaton, minimal. State 0 is the start. From every state a text's end can be reached, unless
 * the set is empty. Immutable.
 */
final class Automaton {
    /** States that an automaton may have: as many rules of the grammar. */
    static final int MOST_STATES = 4096;
    /** States that are tried for it; many of them may turn out to be the same. */
    private static final int MOST_TRIED = 16 * MOST_STATES;

    /** What an automaton is made of. States are compared by {@code equals}. */
    interface Machine<S> {
        S start();

        boolean accepts(S state);

        /** The next states, by disjoint sets of characters. */
        List<Step<S>> steps(S state);
    }

    record Step<S>(CodePoints on, S to) {}

    /** An edge to a state by its number. */
    record Edge(CodePoints on, int to) {}

    private final boolean[] accepting;
    private final List<List<Edge>> edges;

    private Automaton(boolean[] accepting, List<List<Edge>> edges) {
        this.accepting = accepting;
        this.edges = edges;
    }

    static Automaton of(Regexes regexes, Regex start) {
        return of(new Machine<Regex>() {
            @Override
            public Regex start() {
                return start;
            }

            @Override
            public boolean accepts(Regex state) {
                return state.nullable;
            }

            @Override
            public List<Step<Regex>> steps(Regex state) {
                List<Step<Regex>> steps = new ArrayList<>();
                for (CodePoints set : regexes.classes(state)) {
                    Regex next = regexes.after(state, set.first(0));
                    if (next != regexes.nothing) {
                        steps.add(new Step<>(set, next));
                    }
                }
                return steps;
            }
        });
    }

    /** @throws TooLargeException if it has too many states */
    static <S> Automaton of(Machine<S> machine) {
        Map<S, Integer> numbers = new HashMap<>();
        List<S> states = new ArrayList<>();
        List<List<Edge>> edges = new ArrayList<>();
        numbers.put(machine.start(), 0);
        states.add(machine.start());
        for (int i = 0; i < states.size(); i++) {
            List<Edge> out = new ArrayList<>();
            for (Step<S> step : machine.steps(states.get(i))) {
                Integer to = numbers.putIfAbsent(step.to(), states.size());
                if (to == null) {
                    to = states.size();
                    states.add(step.to());
                    if (states.size() > MOST_TRIED) {
                        throw new TooLargeException();
                    }
                }
                out.add(new Edge(step.on(), to));
            }
            edges.add(out);
        }
        boolean[] accepting = new boolean[states.size()];
        for (int i = 0; i < accepting.length; i++) {
            accepting[i] = machine.accepts(states.get(i));
        }
        return minimal(accepting, edges);
    }

    /** Without states that lead nowhere, and with those merged that the same texts lead on from. */
    private static Automaton minimal(boolean[] accepting, List<List<Edge>> edges) {
        boolean[] alive = alive(accepting, edges);
        if (!alive[0]) {
            return new Automaton(new boolean[1], List.of(List.of()));
        }
        int[] group = new int[accepting.length]; // refined until nothing changes (Moore)
        for (int i = 0; i < group.length; i++) {
            group[i] = accepting[i] ? 1 : 0;
        }
        int groups = 0;
        while (true) {
            Map<List<Object>, Integer> found = new HashMap<>();
            int[] refined = new int[group.length];
            for (int i = 0; i < group.length; i++) {
                if (alive[i]) {
                    refined[i] = found.computeIfAbsent(List.of(group[i], merged(edges.get(i), alive, group)),
                            key -> found.size());
                }
            }
            boolean same = found.size() == groups;
            groups = found.size();
            group = refined;
            if (same) {
                break;
            }
        }
        if (groups > MOST_STATES) {
            throw new TooLargeException();
        }
        return renumbered(accepting, edges, alive, group);
    }

    private static Automaton renumbered(boolean[] accepting, List<List<Edge>> edges, boolean[] alive, int[] group) {
        Map<Integer, Integer> numbers = new HashMap<>();
        List<Integer> members = new ArrayList<>(List.of(0)); // one state of each group
        numbers.put(group[0], 0);
        List<List<Edge>> out = new ArrayList<>();
        for (int i = 0; i < members.size(); i++) {
            List<Edge> mine = new ArrayList<>();
            Map<Integer, Integer> member = new HashMap<>();
            for (Edge edge : edges.get(members.get(i))) {
                if (alive[edge.to()]) {
                    member.putIfAbsent(group[edge.to()], edge.to());
                }
            }
            for (Map.Entry<Integer, CodePoints> entry : merged(edges.get(members.get(i)), alive, group).entrySet()) {
                Integer to = numbers.putIfAbsent(entry.getKey(), members.size());
                if (to == null) {
                    to = members.size();
                    members.add(member.get(entry.getKey()));
                }
                mine.add(new Edge(entry.getValue(), to));
            }
            out.add(List.copyOf(mine));
        }
        boolean[] ends = new boolean[members.size()];
        for (int i = 0; i < ends.length; i++) {
            ends[i] = accepting[members.get(i)];
        }
        return new Automaton(ends, List.copyOf(out));
    }

    /** The characters that lead to each group. */
    private static Map<Integer, CodePoints> merged(List<Edge> edges, boolean[] alive, int[] group) {
        Map<Integer, CodePoints> merged = new LinkedHashMap<>();
        for (Edge edge : edges) {
            if (alive[edge.to()]) {
                merged.merge(group[edge.to()], edge.on(), CodePoints::or);
            }
        }
        return merged;
    }

    private static boolean[] alive(boolean[] accepting, List<List<Edge>> edges) {
        List<List<Integer>> sources = new ArrayList<>();
        edges.forEach(all -> sources.add(new ArrayList<>()));
        for (int i = 0; i < edges.size(); i++) {
            for (Edge edge : edges.get(i)) {
                sources.get(edge.to()).add(i);
            }
        }
        boolean[] alive = Arrays.copyOf(accepting, accepting.length);
        ArrayDeque<Integer> waiting = new ArrayDeque<>();
        for (int i = 0; i < alive.length; i++) {
            if (alive[i]) {
                waiting.add(i);
            }
        }
        while (!waiting.isEmpty()) {
            for (int source : sources.get(waiting.remove())) {
                if (!alive[source]) {
                    alive[source] = true;
                    waiting.add(source);
                }
            }
        }
        return alive;
    }

    int states() {
        return accepting.length;
    }

    boolean isEmpty() {
        return !accepting[0] && edges.get(0).isEmpty();
    }

    boolean accepts(int state) {
        return accepting[state];
    }

    List<Edge> edges(int state) {
        return edges.get(state);
    }

    boolean matches(String text) {
        int state = 0;
        for (int codePoint : text.codePoints().toArray()) {
            int from = state;
            state = edges.get(from).stream().filter(edge -> edge.on().contains(codePoint)).mapToInt(Edge::to)
                    .findFirst().orElse(-1);
            if (state < 0) {
                return false;
            }
        }
        return accepting[state];
    }
}
