package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A small reader of GBNF that knows nothing of the library's: all stacks of symbols that may follow a text, one by one. Draws texts at
 * random, and tells whether a text belongs to the grammar.
 */
final class GrammarWalk {
    /** A set of characters, or a rule by its number. */
    private record Symbol(CodePoints set, int rule) {}

    /** What is still to come; interned, so that identity is equality. Null is the end. */
    private static final class Stack {
        final Symbol top;
        final Stack rest;
        final long cost;

        Stack(Symbol top, Stack rest, long cost) {
            this.top = top;
            this.rest = rest;
            this.cost = cost;
        }
    }

    private static final long ENDLESS = Long.MAX_VALUE / 1000;

    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<List<List<Symbol>>> rules = new ArrayList<>(); // ways, each of symbols
    private final Map<List<Object>, Stack> stacks = new HashMap<>();
    private final long[] costs; // the fewest characters of each rule

    private String line;
    private int at;

    GrammarWalk(String text) {
        for (String rule : text.split("\n")) {
            String[] parts = rule.split(" ::= ", 2);
            line = parts[1];
            at = 0;
            int number = number(parts[0]);
            if (!rules.get(number).isEmpty()) {
                throw new IllegalArgumentException("rule defined twice: " + rule);
            }
            rules.get(number).addAll(choice());
            if (at < line.length()) {
                throw new IllegalArgumentException("character " + at + " of " + rule);
            }
        }
        costs = new long[rules.size()];
        java.util.Arrays.fill(costs, ENDLESS);
        for (boolean changed = true; changed;) {
            changed = false;
            for (int i = 0; i < costs.length; i++) {
                for (List<Symbol> way : rules.get(i)) {
                    long cost = way.stream().mapToLong(this::cost).reduce(0, (a, b) -> Math.min(ENDLESS, a + b));
                    changed |= cost < costs[i];
                    costs[i] = Math.min(costs[i], cost);
                }
                if (rules.get(i).isEmpty()) {
                    throw new IllegalArgumentException("not defined: rule " + i + " of " + numbers);
                }
            }
        }
        for (int i = 0; i < costs.length; i++) {
            if (costs[i] == ENDLESS) {
                throw new IllegalArgumentException("never ends: rule " + i + " of " + numbers);
            }
        }
    }

    int rules() {
        return numbers.size();
    }

    private long cost(Symbol symbol) {
        return symbol.set != null ? 1 : costs[symbol.rule];
    }

    private int number(String name) {
        return numbers.computeIfAbsent(name, key -> fresh());
    }

    private int fresh() {
        rules.add(new ArrayList<>());
        return rules.size() - 1;
    }

    private List<List<Symbol>> choice() {
        List<List<Symbol>> ways = new ArrayList<>();
        do {
            List<Symbol> way = new ArrayList<>();
            skip();
            while (at < line.length() && "|)".indexOf(line.charAt(at)) < 0) {
                way.addAll(repeated(item()));
                skip();
            }
            ways.add(way);
        } while (take('|'));
        return ways;
    }

    private void skip() {
        while (take(' ')) {
            // on
        }
    }

    private boolean take(char wanted) {
        if (at < line.length() && line.charAt(at) == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private List<Symbol> item() {
        if (take('"')) {
            List<Symbol> all = new ArrayList<>();
            while (!take('"')) {
                all.add(new Symbol(CodePoints.of(character()), 0));
            }
            return all;
        }
        if (take('.')) {
            return List.of(new Symbol(CodePoints.ANY, 0));
        }
        if (take('[')) {
            boolean not = take('^');
            CodePoints set = CodePoints.NONE;
            while (!take(']')) {
                int first = character();
                int last = line.charAt(at) == '-' && line.charAt(at + 1) != ']' && take('-') ? character() : first;
                set = set.or(CodePoints.range(first, last));
            }
            return List.of(new Symbol(not ? set.not() : set, 0));
        }
        if (take('(')) {
            int group = fresh();
            rules.get(group).addAll(choice());
            if (!take(')')) {
                throw new IllegalArgumentException("character " + at + " of " + line);
            }
            return List.of(new Symbol(null, group));
        }
        int from = at;
        while (at < line.length() && (Character.isLetterOrDigit(line.charAt(at)) || line.charAt(at) == '-')) {
            at++;
        }
        if (at == from) {
            throw new IllegalArgumentException("character " + at + " of " + line);
        }
        return List.of(new Symbol(null, number(line.substring(from, at))));
    }

    private int character() {
        int c = line.codePointAt(at);
        at += Character.charCount(c);
        if (c != '\\') {
            return c;
        }
        char kind = line.charAt(at++);
        int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
        if (digits > 0) {
            at += digits;
            return Integer.parseInt(line.substring(at - digits, at), 16);
        }
        return kind == 'n' ? '\n' : kind;
    }

    private List<Symbol> repeated(List<Symbol> item) {
        int min = 0;
        int max = Regex.UNLIMITED;
        if (take('+')) {
            min = 1;
        } else if (take('?')) {
            max = 1;
        } else if (take('{')) {
            String[] bounds = line.substring(at, line.indexOf('}', at)).split(",", -1);
            at = line.indexOf('}', at) + 1;
            min = Integer.parseInt(bounds[0]);
            max = bounds.length == 1 ? min : bounds[1].isEmpty() ? Regex.UNLIMITED : Integer.parseInt(bounds[1]);
        } else if (!take('*')) {
            return item;
        }
        List<Symbol> all = new ArrayList<>();
        for (int i = 0; i < min; i++) {
            all.addAll(item);
        }
        List<Symbol> rest = List.of();
        if (max == Regex.UNLIMITED) {
            int star = fresh();
            List<Symbol> again = new ArrayList<>(item);
            again.add(new Symbol(null, star));
            rules.get(star).addAll(List.of(again, List.of()));
            rest = List.of(new Symbol(null, star));
        }
        for (int i = min; i < max; i++) {
            List<Symbol> one = new ArrayList<>(item);
            one.addAll(rest);
            int optional = fresh();
            rules.get(optional).addAll(List.of(one, List.of()));
            rest = List.of(new Symbol(null, optional));
        }
        all.addAll(rest);
        return all;
    }

    private Stack push(Symbol symbol, Stack rest) {
        return stacks.computeIfAbsent(List.of(symbol, rest == null ? "end" : rest),
                key -> new Stack(symbol, rest, Math.min(ENDLESS, cost(symbol) + (rest == null ? 0 : rest.cost))));
    }

    private Set<Stack> start() {
        Set<Stack> open = new LinkedHashSet<>();
        expand(push(new Symbol(null, number("root")), null), open, new LinkedHashSet<>());
        return open;
    }

    /** All stacks that begin with characters, in place of one. */
    private void expand(Stack stack, Set<Stack> open, Set<Stack> seen) {
        if (!seen.add(stack)) {
            return;
        }
        if (stack == null || stack.top.set != null) {
            open.add(stack);
            return;
        }
        for (List<Symbol> way : rules.get(stack.top.rule)) {
            Stack next = stack.rest;
            for (int i = way.size() - 1; i >= 0; i--) {
                next = push(way.get(i), next);
            }
            expand(next, open, seen);
        }
    }

    private Set<Stack> after(Set<Stack> open, int codePoint) {
        Set<Stack> next = new LinkedHashSet<>();
        Set<Stack> seen = new LinkedHashSet<>();
        for (Stack stack : open) {
            if (stack != null && stack.top.set.contains(codePoint)) {
                expand(stack.rest, next, seen);
            }
        }
        return next;
    }

    boolean matches(String text) {
        Set<Stack> open = start();
        for (int codePoint : text.codePoints().toArray()) {
            open = after(open, codePoint);
        }
        return open.contains(null);
    }

    /** @param characters after so many the text ends by the shortest way */
    String draw(Random random, int characters) {
        StringBuilder text = new StringBuilder();
        Set<Stack> open = start();
        while (true) {
            boolean hasty = text.length() >= characters;
            if (open.contains(null) && (open.size() == 1 || hasty || random.nextInt(4) == 0)) {
                return text.toString();
            }
            List<Stack> ways = new ArrayList<>(open);
            ways.remove(null);
            Stack way = ways.get(random.nextInt(ways.size()));
            if (hasty) {
                way = ways.stream().min((a, b) -> Long.compare(a.cost, b.cost)).orElseThrow();
            }
            int codePoint = draw(random, way.top.set);
            text.appendCodePoint(codePoint);
            open = after(open, codePoint);
        }
    }

    private static int draw(Random random, CodePoints set) {
        CodePoints ascii = set.and(CodePoints.range(0, 0x7E));
        CodePoints from = ascii.isEmpty() || random.nextInt(8) == 0 ? set : ascii;
        int range = random.nextInt(from.ranges());
        return from.first(range) + random.nextInt(from.last(range) - from.first(range) + 1);
    }
}
