package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads the regular expressions of the keyword {@code pattern}: those of ECMA-262 with code points, as far as they are regular and
 * mean the same to every validator. Where validators differ (Java's classes know fewer blanks than JavaScript's, and more line ends)
 * there are two readings.
 */
final class Pattern {
    /** Longer patterns are refused. */
    static final int LONGEST = 2000;

    /** Which texts match where validators differ. */
    enum Reading {
        /** Those that match for all validators: what is written. */
        NARROW,
        /** Those that match for any: what must not be written by chance. */
        WIDE
    }

    /** A pattern that is refused, with the reason. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    private static final int DEEPEST = 50;
    private static final int MOST_REPEATS = 1000;
    private static final int NONE = -1;
    private static final CodePoints DIGITS = CodePoints.range('0', '9');
    private static final CodePoints WORD = DIGITS.or(CodePoints.range('A', 'Z')).or(CodePoints.range('a', 'z'))
            .or(CodePoints.of('_'));
    private static final CodePoints LINE_ENDS = CodePoints.of('\n', '\r', 0x85, 0x2028, 0x2029);

    /** A set of characters in both readings. */
    private record Chars(CodePoints narrow, CodePoints wide) {
        static final Chars SPACE = new Chars(CodePoints.range('\t', '\r').or(CodePoints.of(' ')),
                CodePoints.range('\t', '\r').or(CodePoints.range(0x2000, 0x200A))
                        .or(CodePoints.of(' ', 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF)));
        static final Chars NOT_LINE_END = new Chars(LINE_ENDS.not(), CodePoints.of('\n', '\r', 0x2028, 0x2029).not());

        static Chars of(CodePoints set) {
            return new Chars(set, set);
        }

        Chars not() {
            return new Chars(wide.not(), narrow.not());
        }

        Chars or(Chars other) {
            return new Chars(narrow.or(other.narrow), wide.or(other.wide));
        }

        /** The character, if it is one only, else {@link #NONE}. */
        int single() {
            return narrow.ranges() == 1 && narrow.first(0) == narrow.last(0) && narrow.equals(wide)
                    ? narrow.first(0)
                    : NONE;
        }
    }

    private final Regexes regexes;
    private final int[] pattern;
    private final Reading reading;
    private int at;

    private Pattern(Regexes regexes, String pattern, Reading reading) {
        this.regexes = regexes;
        this.pattern = pattern.codePoints().toArray();
        this.reading = reading;
    }

    /** The texts in which the pattern is found. */
    static Regex read(Regexes regexes, String pattern, Reading reading) throws Refused {
        if (pattern.length() > LONGEST) {
            throw new Refused("a pattern of more than " + LONGEST + " characters");
        }
        return new Pattern(regexes, pattern, reading).found();
    }

    private Regex found() throws Refused {
        List<Regex> branches = new ArrayList<>();
        do {
            boolean fromStart = take('^');
            Regex body = sequence(0);
            boolean toEnd = take('$');
            if (!toEnd) {
                body = regexes.then(body, regexes.all);
            } else if (reading == Reading.WIDE) { // Java's $ is also before a line's end that ends the text
                Regex lineEnd = regexes.or(List.of(regexes.text("\r\n"), regexes.set(LINE_ENDS)));
                body = regexes.then(body, regexes.repeat(lineEnd, 0, 1));
            }
            branches.add(fromStart ? body : regexes.then(regexes.all, body));
        } while (take('|'));
        if (at < pattern.length) {
            throw unexpected();
        }
        return regexes.or(branches);
    }

    private Regex choice(int depth) throws Refused {
        if (depth > DEEPEST) {
            throw refused("groups nested more than " + DEEPEST + " deep");
        }
        List<Regex> branches = new ArrayList<>();
        do {
            branches.add(sequence(depth));
        } while (take('|'));
        return regexes.or(branches);
    }

    private Regex sequence(int depth) throws Refused {
        List<Regex> terms = new ArrayList<>();
        while (at < pattern.length && "|)^$".indexOf(pattern[at]) < 0) {
            terms.add(term(depth));
        }
        if (depth > 0 && at < pattern.length && "^$".indexOf(pattern[at]) >= 0) {
            throw refused("an anchor within a group");
        }
        Regex all = regexes.empty;
        for (int i = terms.size() - 1; i >= 0; i--) {
            all = regexes.then(terms.get(i), all);
        }
        return all;
    }

    private Regex term(int depth) throws Refused {
        Regex one;
        if (take('(')) {
            if (take('?') && !take(':')) {
                throw refused("a group that begins with (? and is not (?:…)");
            }
            one = choice(depth + 1);
            if (!take(')')) {
                throw at < pattern.length ? unexpected() : refused("a group without its end");
            }
        } else {
            Chars chars = chars();
            one = regexes.set(reading == Reading.NARROW ? chars.narrow() : chars.wide());
        }
        return quantified(one);
    }

    private Regex quantified(Regex one) throws Refused {
        int min = 0;
        int max = Regex.UNLIMITED;
        if (take('+')) {
            min = 1;
        } else if (take('?')) {
            max = 1;
        } else if (take('{')) {
            min = number();
            max = min;
            if (take(',')) {
                max = at < pattern.length && pattern[at] == '}' ? Regex.UNLIMITED : number();
            }
            if (!take('}') || (max != Regex.UNLIMITED && max < min)) {
                throw refused("a quantifier that is not {m}, {m,} or {m,n} with m up to n");
            }
        } else if (!take('*')) {
            return one;
        }
        take('?'); // lazy: finds the same texts
        if (at < pattern.length && "*+?{".indexOf(pattern[at]) >= 0) {
            throw refused("a quantifier after a quantifier");
        }
        return regexes.repeat(one, min, max);
    }

    private int number() throws Refused {
        int number = 0;
        int from = at;
        while (at < pattern.length && DIGITS.contains(pattern[at])) {
            number = 10 * number + pattern[at++] - '0';
            if (number > MOST_REPEATS) {
                throw refused("more than " + MOST_REPEATS + " repetitions");
            }
        }
        if (at == from) {
            throw refused("a quantifier that is not {m}, {m,} or {m,n} with m up to n");
        }
        return number;
    }

    /** One character or a class of them, outside brackets or as such brackets. */
    private Chars chars() throws Refused {
        if (take('[')) {
            return brackets();
        }
        if (take('.')) {
            return Chars.NOT_LINE_END;
        }
        if (take('\\')) {
            return escape();
        }
        if ("*+?{}]".indexOf(pattern[at]) >= 0) {
            throw unexpected();
        }
        return literal();
    }

    private Chars brackets() throws Refused {
        boolean negated = take('^');
        Chars all = Chars.of(CodePoints.NONE);
        for (int count = 0; !take(']'); count++) {
            Chars one = member();
            boolean last = at + 1 < pattern.length && pattern[at + 1] == ']';
            if (at < pattern.length && pattern[at] == '-' && !last) {
                if (count > 0 && one.single() == '-') {
                    throw refused("a - in brackets that is neither first nor last");
                }
                at++;
                Chars to = member();
                if (one.single() == NONE || to.single() == NONE || one.single() > to.single()) {
                    throw refused("a range in brackets that is not from a character to a later one");
                }
                one = Chars.of(CodePoints.range(one.single(), to.single()));
                if (at + 1 < pattern.length && pattern[at] == '-' && pattern[at + 1] != ']') {
                    throw refused("a - after a range in brackets");
                }
            }
            all = all.or(one);
        }
        if (all.narrow().isEmpty()) {
            throw refused("empty brackets");
        }
        return negated ? all.not() : all;
    }

    private Chars member() throws Refused {
        if (at == pattern.length) {
            throw refused("brackets without their end");
        }
        if (take('\\')) {
            return escape();
        }
        if (pattern[at] == '[' || (pattern[at] == '&' && at + 1 < pattern.length && pattern[at + 1] == '&')) {
            throw refused("[ or && within brackets, which validators read differently");
        }
        return literal();
    }

    private Chars literal() throws Refused {
        return single(pattern[at++]);
    }

    private Chars single(int codePoint) throws Refused {
        CodePoints set = CodePoints.of(codePoint);
        if (set.isEmpty()) {
            throw refused("half a surrogate pair");
        }
        return Chars.of(set);
    }

    /** What follows a backslash. */
    private Chars escape() throws Refused {
        if (at == pattern.length) {
            throw refused("a backslash at the end");
        }
        int escaped = pattern[at++];
        return switch (escaped) {
            case 'd' -> Chars.of(DIGITS);
            case 'D' -> Chars.of(DIGITS).not();
            case 'w' -> Chars.of(WORD);
            case 'W' -> Chars.of(WORD).not();
            case 's' -> Chars.SPACE;
            case 'S' -> Chars.SPACE.not();
            case 't' -> single('\t');
            case 'n' -> single('\n');
            case 'r' -> single('\r');
            case 'f' -> single('\f');
            case 'x' -> single(hex(2));
            case 'u' -> single(unicode());
            default -> {
                if (escaped <= ' ' || escaped >= 0x7F || WORD.contains(escaped)) {
                    at--;
                    throw refused("the escape \\" + Character.toString(escaped));
                }
                yield single(escaped);
            }
        };
    }

    private int unicode() throws Refused {
        if (take('{')) {
            int from = at;
            int codePoint = 0;
            for (int digit = hexDigit(); digit >= 0 && at - from < 6; digit = hexDigit()) {
                codePoint = 16 * codePoint + digit;
                at++;
            }
            if (at == from || codePoint > Character.MAX_CODE_POINT || !take('}')) {
                throw refused("\\u{…} that is not a code point");
            }
            return codePoint;
        }
        int unit = hex(4);
        if (Character.isHighSurrogate((char) unit) && at + 1 < pattern.length && pattern[at] == '\\'
                && pattern[at + 1] == 'u') {
            at += 2;
            int low = hex(4);
            return Character.isLowSurrogate((char) low) ? Character.toCodePoint((char) unit, (char) low) : unit;
        }
        return unit;
    }

    private int hex(int digits) throws Refused {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = hexDigit();
            if (digit < 0) {
                throw refused("an escape that does not have " + digits + " hexadecimal digits");
            }
            value = 16 * value + digit;
            at++;
        }
        return value;
    }

    /** The digit that comes next, or -1. */
    private int hexDigit() {
        return at < pattern.length && pattern[at] <= 'f' ? Character.digit(pattern[at], 16) : -1;
    }

    private boolean take(int codePoint) {
        if (at < pattern.length && pattern[at] == codePoint) {
            at++;
            return true;
        }
        return false;
    }

    private Refused unexpected() {
        return refused("the character " + Character.toString(pattern[at]) + " here");
    }

    private Refused refused(String what) {
        return new Refused(what + " is not supported (character " + (at + 1) + " of the pattern)");
    }
}
