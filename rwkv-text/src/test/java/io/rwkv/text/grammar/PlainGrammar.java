package io.rwkv.text.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A random grammar, its GBNF, and a plain way to match texts with it: every way through the rules is tried, character by character.
 * It shares no code with what it is compared with.
 */
final class PlainGrammar {
    private static final int NEVER = 1000;

    private final List<Node> rules = new ArrayList<>();
    private final int[] heights; // [rule], of the flattest tree that matches; NEVER if there is none
    private final Random random;

    /** Part of a rule: what it is like in GBNF, and where its matches end. */
    private interface Node {
        void print(StringBuilder out);

        /** Where matches that begin there end. */
        BitSet ends(Match match, int at);

        /** Of the flattest tree. */
        int height(int[] heights);

        void sample(StringBuilder out, int depth);
    }

    private PlainGrammar(Random random) {
        this.random = random;
        int count = 1 + random.nextInt(5);
        for (int rule = 0; rule < count; rule++) {
            boolean endless = rule > 0 && random.nextInt(5) == 0;
            rules.add(endless
                    ? new Sequence(List.of(new Literal("a"), new Reference(rule)))
                    : choice(rule, count, 2 + random.nextInt(2), false));
        }
        heights = new int[count];
        Arrays.fill(heights, NEVER);
        for (int pass = 0; pass < count + 1; pass++) {
            for (int rule = 0; rule < count; rule++) {
                heights[rule] = Math.min(heights[rule], 1 + rules.get(rule).height(heights));
            }
        }
    }

    /** A grammar whose root some text follows; its other rules need not be so. */
    static PlainGrammar of(Random random) {
        PlainGrammar grammar;
        do {
            grammar = new PlainGrammar(random);
        } while (grammar.heights[0] >= NEVER);
        return grammar;
    }

    String gbnf() {
        StringBuilder out = new StringBuilder();
        for (int rule = rules.size() - 1; rule >= 0; rule--) {
            out.append(rule == 0 ? "root" : "rule-" + rule).append(" ::= ");
            rules.get(rule).print(out);
            out.append(random.nextBoolean() ? " # rule\n" : "\n\n");
        }
        return out.toString();
    }

    /** A text that follows the grammar. */
    String sample() {
        StringBuilder out = new StringBuilder();
        rules.get(0).sample(out, 6);
        return out.toString();
    }

    boolean matches(byte[] text) {
        return new Match(text).ends(0, 0).get(text.length);
    }

    /** Whether a text begins so. */
    boolean viable(byte[] text) {
        Match match = new Match(text);
        return match.ends(0, 0).get(text.length) | match.ranOut;
    }

    // How rules come about. Before a reference to the same or an earlier rule stands a character, so that none is left-recursive.

    private Node choice(int rule, int count, int depth, boolean consumed) {
        List<Node> branches = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            branches.add(sequence(rule, count, depth, consumed));
        }
        return new Choice(branches);
    }

    private Node sequence(int rule, int count, int depth, boolean consumed) {
        List<Node> parts = new ArrayList<>();
        boolean some = consumed;
        for (int i = random.nextInt(4); i > 0; i--) {
            int kind = random.nextInt(10);
            if (kind < 3 || depth == 0) {
                StringBuilder literal = new StringBuilder();
                for (int k = random.nextInt(3); k >= 0; k--) {
                    literal.appendCodePoint(PlainCharacters.any(random));
                }
                parts.add(new Literal(literal.toString()));
                some = true;
            } else if (kind < 5) {
                parts.add(characters());
                some = true;
            } else if (kind < 7) {
                if (some) {
                    parts.add(new Reference(random.nextInt(count)));
                } else if (rule + 1 < count) {
                    parts.add(new Reference(rule + 1 + random.nextInt(count - rule - 1)));
                }
            } else {
                int least = random.nextInt(3);
                int most = random.nextInt(3) == 0 ? -1 : least + random.nextInt(3);
                parts.add(new Repeat(choice(rule, count, depth - 1, some), least, most));
            }
        }
        return new Sequence(parts);
    }

    private Node characters() {
        List<int[]> ranges = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            int a = PlainCharacters.any(random);
            int b = random.nextBoolean() ? a : PlainCharacters.any(random);
            ranges.add(new int[]{Math.min(a, b), Math.max(a, b)});
        }
        return new OneOf(new PlainCharacters(random.nextInt(3) == 0, ranges));
    }

    /** One text that is matched. */
    private final class Match {
        final byte[] text;
        final Map<Integer, BitSet> known = new HashMap<>();
        boolean ranOut; // whether the text ended within something that it had begun, or just before it

        Match(byte[] text) {
            this.text = text;
        }

        BitSet ends(int rule, int at) {
            Integer key = rule * 10000 + at;
            BitSet ends = known.get(key);
            if (ends == null) {
                ends = rules.get(rule).ends(this, at);
                known.put(key, ends);
            }
            return ends;
        }
    }

    private final class Literal implements Node {
        private final String literal;

        Literal(String literal) {
            this.literal = literal;
        }

        @Override
        public void print(StringBuilder out) {
            out.append('"');
            literal.codePoints().forEach(c -> PlainCharacters.print(out, c, random));
            out.append('"');
        }

        @Override
        public BitSet ends(Match match, int at) {
            byte[] wanted = literal.getBytes(StandardCharsets.UTF_8);
            byte[] found = Arrays.copyOfRange(match.text, at, Math.min(match.text.length, at + wanted.length));
            BitSet ends = new BitSet();
            if (Arrays.equals(wanted, found)) {
                ends.set(at + wanted.length);
            } else if (at + found.length == match.text.length) {
                match.ranOut |= Arrays.equals(found, Arrays.copyOf(wanted, found.length));
            }
            return ends;
        }

        @Override
        public int height(int[] heights) {
            return 0;
        }

        @Override
        public void sample(StringBuilder out, int depth) {
            out.append(literal);
        }
    }

    private final class OneOf implements Node {
        private final PlainCharacters characters;

        OneOf(PlainCharacters characters) {
            this.characters = characters;
        }

        @Override
        public void print(StringBuilder out) {
            characters.print(out, random);
        }

        @Override
        public BitSet ends(Match match, int at) {
            BitSet ends = new BitSet();
            int end = characters.end(match.text, at);
            if (end >= 0) {
                ends.set(end);
            }
            match.ranOut |= end == PlainCharacters.RAN_OUT;
            return ends;
        }

        @Override
        public int height(int[] heights) {
            return 0;
        }

        @Override
        public void sample(StringBuilder out, int depth) {
            out.appendCodePoint(characters.sample(random));
        }
    }

    private final class Reference implements Node {
        private final int rule;

        Reference(int rule) {
            this.rule = rule;
        }

        @Override
        public void print(StringBuilder out) {
            out.append(rule == 0 ? "root" : "rule-" + rule);
        }

        @Override
        public BitSet ends(Match match, int at) {
            return match.ends(rule, at);
        }

        @Override
        public int height(int[] heights) {
            return heights[rule];
        }

        @Override
        public void sample(StringBuilder out, int depth) {
            rules.get(rule).sample(out, depth - 1);
        }
    }

    private final class Sequence implements Node {
        private final List<Node> parts;

        Sequence(List<Node> parts) {
            this.parts = parts;
        }

        @Override
        public void print(StringBuilder out) {
            parts.forEach(part -> {
                part.print(out);
                out.append(' ');
            });
        }

        @Override
        public BitSet ends(Match match, int at) {
            BitSet ends = new BitSet();
            if (height(heights) >= NEVER) {
                return ends;
            }
            ends.set(at);
            for (Node part : parts) {
                ends = after(match, part, ends);
            }
            return ends;
        }

        @Override
        public int height(int[] heights) {
            return parts.stream().mapToInt(part -> part.height(heights)).max().orElse(0);
        }

        @Override
        public void sample(StringBuilder out, int depth) {
            parts.forEach(part -> part.sample(out, depth));
        }
    }

    private static BitSet after(Match match, Node part, BitSet begins) {
        BitSet ends = new BitSet();
        begins.stream().forEach(begin -> ends.or(part.ends(match, begin)));
        return ends;
    }

    private final class Choice implements Node {
        private final List<Node> branches;

        Choice(List<Node> branches) {
            this.branches = branches;
        }

        @Override
        public void print(StringBuilder out) {
            out.append("( ");
            for (int i = 0; i < branches.size(); i++) {
                out.append(i == 0 ? "" : random.nextBoolean() ? "| " : "\n  | ");
                branches.get(i).print(out);
            }
            out.append(')');
        }

        @Override
        public BitSet ends(Match match, int at) {
            BitSet ends = new BitSet();
            branches.forEach(branch -> ends.or(branch.ends(match, at)));
            return ends;
        }

        @Override
        public int height(int[] heights) {
            return branches.stream().mapToInt(branch -> branch.height(heights)).min().getAsInt();
        }

        @Override
        public void sample(StringBuilder out, int depth) {
            int most = depth > 0 ? NEVER - 1 : height(heights);
            List<Node> fit = branches.stream().filter(branch -> branch.height(heights) <= most).toList();
            fit.get(random.nextInt(fit.size())).sample(out, depth);
        }
    }

    private final class Repeat implements Node {
        private final Node body;
        private final int least;
        private final int most;

        Repeat(Node body, int least, int most) {
            this.body = body;
            this.least = least;
            this.most = most;
        }

        @Override
        public void print(StringBuilder out) {
            body.print(out);
            String range = least == most ? "{" + least + "}" : "{" + least + ", " + (most < 0 ? "" : most) + "}";
            out.append(
                    least == 0 && most == 1 ? "?" : least < 2 && most < 0 ? "*+".substring(least, least + 1) : range);
        }

        @Override
        public BitSet ends(Match match, int at) {
            BitSet last = new BitSet();
            BitSet ends = new BitSet();
            if (height(heights) >= NEVER) {
                return ends;
            }
            last.set(at);
            if (body.height(heights) >= NEVER) {
                return last;
            }
            for (int times = 0; times <= (most < 0 ? least + match.text.length + 1 : most); times++) {
                if (times >= least) {
                    ends.or(last);
                }
                if (most < 0 || times < most) {
                    last = after(match, body, last);
                }
            }
            return ends;
        }

        @Override
        public int height(int[] heights) {
            return least == 0 ? 0 : body.height(heights);
        }

        @Override
        public void sample(StringBuilder out, int depth) {
            int times = depth <= 0 || body.height(heights) >= NEVER ? least : least + random.nextInt(3);
            for (int i = 0; i < (most < 0 ? times : Math.min(times, most)); i++) {
                body.sample(out, depth - 1);
            }
        }
    }
}
