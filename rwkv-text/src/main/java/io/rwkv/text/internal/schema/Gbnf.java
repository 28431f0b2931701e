package io.rwkv.text.internal.schema;

import io.rwkv.text.internal.CodePoints;

import java.util.ArrayList;
import java.util.List;

/** Pieces of a grammar's text. */
final class Gbnf {
    private Gbnf() {
    }

    /** In quotes. */
    static String literal(String text) {
        StringBuilder out = new StringBuilder("\"");
        text.codePoints().forEach(codePoint -> appendEscaped(out, codePoint, "\"\\"));
        return out.append('"').toString();
    }

    /** In brackets. */
    static String set(CodePoints set) {
        if (set.ranges() == 1 && set.first(0) == set.last(0)) {
            return literal(Character.toString(set.first(0)));
        }
        CodePoints others = set.not();
        boolean negate = !others.isEmpty() && others.ranges() < set.ranges();
        if (others.isEmpty()) {
            return ".";
        }
        StringBuilder out = new StringBuilder(negate ? "[^" : "[");
        CodePoints listed = negate ? others : set;
        for (int i = 0; i < listed.ranges(); i++) {
            appendEscaped(out, listed.first(i), "[]^-\\");
            if (listed.last(i) > listed.first(i)) {
                out.append(listed.last(i) > listed.first(i) + 1 ? "-" : "");
                appendEscaped(out, listed.last(i), "[]^-\\");
            }
        }
        return out.append(']').toString();
    }

    /** One character of a string in JSON, with escapes where JSON needs them. */
    static String stringSet(CodePoints set) {
        CodePoints controls = CodePoints.range(0, ' ' - 1);
        CodePoints escaped = CodePoints.of(JsonText.ESCAPED.codePoints().toArray());
        List<String> ways = new ArrayList<>();
        CodePoints plain = set.minus(controls).minus(escaped);
        if (!plain.isEmpty()) {
            ways.add(set(plain));
        }
        CodePoints letters = CodePoints.NONE;
        for (int i = 0; i < JsonText.ESCAPED.length(); i++) {
            if (set.contains(JsonText.ESCAPED.charAt(i))) {
                letters = letters.or(CodePoints.of(JsonText.LETTERS.charAt(i)));
            }
        }
        if (!letters.isEmpty()) {
            ways.add(join(literal("\\"), set(letters)));
        }
        if (ways.isEmpty()) { // only control characters without a short escape, which are not written where others can be
            for (int codePoint = 0; codePoint < ' '; codePoint++) {
                if (set.contains(codePoint)) {
                    ways.add(literal(JsonText.quoted(Character.toString(codePoint)).substring(1, 7)));
                }
            }
        }
        return choice(ways);
    }

    /** One after another, none with a choice outside parentheses; literals that meet become one. */
    static String join(String... parts) {
        StringBuilder out = new StringBuilder();
        boolean literal = false; // whether it ends in one
        for (String part : parts) {
            if (part.isEmpty()) {
                continue;
            }
            if (literal && part.charAt(0) == '"') {
                out.setLength(out.length() - 1);
                out.append(part, 1, part.length());
            } else {
                out.append(out.length() == 0 ? "" : " ").append(part);
            }
            literal = endsInLiteral(part);
        }
        return out.toString();
    }

    private static boolean endsInLiteral(String part) {
        boolean literal = false;
        int at = 0;
        while (at < part.length()) {
            char opening = part.charAt(at++);
            literal = opening == '"';
            if (literal || opening == '[') {
                while (part.charAt(at) != (literal ? '"' : ']')) {
                    at += part.charAt(at) == '\\' ? 2 : 1;
                }
                at++;
            }
        }
        return literal;
    }

    /** Any of them, in parentheses if there are several. */
    static String choice(List<String> ways) {
        return ways.size() == 1 ? ways.get(0) : "(" + String.join(" | ", ways) + ")";
    }

    private static void appendEscaped(StringBuilder out, int codePoint, String special) {
        if (codePoint == '\n') {
            out.append("\\n");
        } else if (codePoint == '"' || codePoint == '\\') {
            out.append('\\').appendCodePoint(codePoint);
        } else if (codePoint < ' ' || codePoint == 0x7F || special.indexOf(codePoint) >= 0) {
            out.append(String.format("\\x%02X", codePoint));
        } else if (codePoint > Character.MAX_VALUE) {
            out.append(String.format("\\U%08X", codePoint));
        } else if (codePoint >= 0x80 && !Character.isLetterOrDigit(codePoint)) {
            out.append(String.format("\\u%04X", codePoint));
        } else {
            out.appendCodePoint(codePoint);
        }
    }
}
