package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Makes regular expressions, and steps through them by Brzozowski's derivatives: what may follow after a character is again an
 * expression. That gives intersection and complement for nothing, and with the simplifications here few different expressions
 * (Owens, Reppy, Turon, "Regular-expression derivatives re-examined"). For one thread.
 */
final class Regexes {
    /** Parts of all expressions together. More are too many: some patterns have exponentially many. */
    private static final int MOST_PARTS = 2_000_000;
    /** Steps in which parts are looked at. */
    private static final int MOST_STEPS = 10_000_000;

    /** Parts are compared by identity. */
    private record Key(Regex.Kind kind, CodePoints set, List<Regex> parts, int min, int max) {}

    private int parts;
    private int steps;

    private final Map<Key, Regex> known = new HashMap<>();
    private final Map<Regex, List<CodePoints>> classes = new HashMap<>();

    final Regex nothing = make(Regex.Kind.NOTHING, null, List.of(), 0, 0);
    final Regex empty = make(Regex.Kind.EMPTY, null, List.of(), 0, 0);
    /** Every text. */
    final Regex all = make(Regex.Kind.REPEAT, null, List.of(set(CodePoints.ANY)), 0, Regex.UNLIMITED);

    private Regex make(Regex.Kind kind, CodePoints set, List<Regex> parts, int min, int max) {
        Key key = new Key(kind, set, parts, min, max);
        Regex made = known.get(key);
        if (made == null) {
            this.parts += 1 + parts.size();
            if (this.parts > MOST_PARTS) {
                throw new TooLargeException();
            }
            made = new Regex(kind, set, parts, min, max, known.size());
            known.put(key, made);
        }
        return made;
    }

    Regex set(CodePoints set) {
        return set.isEmpty() ? nothing : make(Regex.Kind.SET, set, List.of(), 0, 0);
    }

    /** This text only. */
    Regex text(String text) {
        Regex made = empty;
        int[] codePoints = text.codePoints().toArray();
        for (int i = codePoints.length - 1; i >= 0; i--) {
            made = then(set(CodePoints.of(codePoints[i])), made);
        }
        return made;
    }

    Regex then(Regex first, Regex second) {
        if (first == nothing || second == empty) {
            return first;
        }
        if (second == nothing || first == empty) {
            return second;
        }
        if (first.kind == Regex.Kind.THEN) { // always to the right
            return then(first.parts.get(0), then(first.parts.get(1), second));
        }
        return make(Regex.Kind.THEN, null, List.of(first, second), 0, 0);
    }

    Regex or(List<Regex> parts) {
        return combine(Regex.Kind.OR, parts, nothing, all);
    }

    Regex and(List<Regex> parts) {
        return combine(Regex.Kind.AND, parts, all, nothing);
    }

    /**
     * @param neutral what changes nothing
     * @param absorbing what leaves nothing else
     */
    private Regex combine(Regex.Kind kind, List<Regex> parts, Regex neutral, Regex absorbing) {
        TreeMap<Integer, Regex> sorted = new TreeMap<>();
        CodePoints set = null;
        for (Regex part : parts) {
            look(part.parts.size());
            for (Regex flat : part.kind == kind ? part.parts : List.of(part)) {
                if (flat == absorbing) {
                    return absorbing;
                }
                if (flat.kind == Regex.Kind.SET) {
                    set = set == null ? flat.set : kind == Regex.Kind.OR ? set.or(flat.set) : set.and(flat.set);
                } else if (flat != neutral) {
                    sorted.put(flat.id, flat);
                }
            }
        }
        if (set != null) {
            Regex merged = set(set);
            if (merged == absorbing) {
                return absorbing;
            }
            sorted.put(merged.id, merged);
        }
        return switch (sorted.size()) {
            case 0 -> neutral;
            case 1 -> sorted.firstEntry().getValue();
            default -> make(kind, null, List.copyOf(sorted.values()), 0, 0);
        };
    }

    private void look(int at) {
        steps += 1 + at;
        if (steps > MOST_STEPS) {
            throw new TooLargeException();
        }
    }

    Regex not(Regex part) {
        if (part == nothing) {
            return all;
        }
        if (part == all) {
            return nothing;
        }
        return part.kind == Regex.Kind.NOT ? part.parts.get(0) : make(Regex.Kind.NOT, null, List.of(part), 0, 0);
    }

    /** @param max {@link Regex#UNLIMITED}, or at least {@code min} */
    Regex repeat(Regex part, int min, int max) {
        int least = part.nullable ? 0 : min; // repeated texts may be of length 0: fewer are enough
        if (max == 0 || part == empty) {
            return empty;
        }
        if (part == nothing) {
            return least == 0 ? empty : nothing;
        }
        boolean isStar = part.kind == Regex.Kind.REPEAT && part.min == 0 && part.max == Regex.UNLIMITED;
        if (isStar || (least == 1 && max == 1)) {
            return part;
        }
        return make(Regex.Kind.REPEAT, null, List.of(part), least, max);
    }

    /** What may follow the character in texts of the expression. */
    Regex after(Regex regex, int codePoint) {
        look(1);
        return switch (regex.kind) {
            case NOTHING, EMPTY -> nothing;
            case SET -> regex.set.contains(codePoint) ? empty : nothing;
            case THEN -> {
                Regex second = regex.parts.get(1);
                Regex stepped = then(after(regex.parts.get(0), codePoint), second);
                yield regex.parts.get(0).nullable ? or(List.of(stepped, after(second, codePoint))) : stepped;
            }
            case OR -> or(regex.parts.stream().map(part -> after(part, codePoint)).toList());
            case AND -> and(regex.parts.stream().map(part -> after(part, codePoint)).toList());
            case NOT -> not(after(regex.parts.get(0), codePoint));
            case REPEAT -> {
                int max = regex.max == Regex.UNLIMITED ? Regex.UNLIMITED : regex.max - 1;
                Regex rest = repeat(regex.parts.get(0), Math.max(0, regex.min - 1), max);
                yield then(after(regex.parts.get(0), codePoint), rest);
            }
        };
    }

    /** All characters in classes: those of one class lead to the same. */
    List<CodePoints> classes(Regex regex) {
        List<CodePoints> found = classes.get(regex);
        if (found == null) {
            found = switch (regex.kind) {
                case NOTHING, EMPTY -> List.of(CodePoints.ANY);
                case SET -> withoutEmpty(List.of(regex.set, regex.set.not()));
                case THEN -> regex.parts.get(0).nullable
                        ? meet(classes(regex.parts.get(0)), classes(regex.parts.get(1)))
                        : classes(regex.parts.get(0));
                case OR, AND -> regex.parts.stream().map(this::classes).reduce(List.of(CodePoints.ANY), this::meet);
                case NOT, REPEAT -> classes(regex.parts.get(0));
            };
            classes.put(regex, found);
        }
        return found;
    }

    private List<CodePoints> meet(List<CodePoints> some, List<CodePoints> others) {
        if (some.size() == 1) {
            return others;
        }
        if (others.size() == 1) {
            return some;
        }
        look(some.size() * others.size());
        Set<CodePoints> met = new LinkedHashSet<>();
        for (CodePoints one : some) {
            for (CodePoints other : others) {
                met.add(one.and(other));
            }
        }
        return withoutEmpty(met);
    }

    private static List<CodePoints> withoutEmpty(Iterable<CodePoints> sets) {
        List<CodePoints> kept = new ArrayList<>();
        sets.forEach(set -> {
            if (!set.isEmpty()) {
                kept.add(set);
            }
        });
        return kept;
    }
}
