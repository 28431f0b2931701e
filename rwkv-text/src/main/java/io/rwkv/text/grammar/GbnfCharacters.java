package io.rwkv.text.grammar;

import io.rwkv.text.internal.CodePoints;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The text of a grammar, read from beginning to end; and the parts of the notation that know no rules. */
final class GbnfCharacters {
    private static final int END = -1;
    /** Of what is repeated; the grammar's size is bounded anyway. */
    private static final int LARGEST_NUMBER = 1_000_000;

    private final String text;
    private int index;

    GbnfCharacters(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    /** Where the next character is. */
    int index() {
        return index;
    }

    boolean atEnd() {
        return index == text.length();
    }

    boolean atLineEnd() {
        return !atEnd() && isLineEnd(text.charAt(index));
    }

    /** The next character, a code point; −1 at the end. */
    int peek() {
        return atEnd() ? END : text.codePointAt(index);
    }

    int next() {
        int c = peek();
        index += Character.charCount(c);
        return c;
    }

    GrammarException wrong(int place, String problem) {
        return GrammarException.at(text, place, problem);
    }

    /** A place, as messages say it. */
    String where(int place) {
        GrammarException at = wrong(place, "");
        return "line " + at.line() + ", column " + at.column();
    }

    GrammarException unexpected(String expected) {
        String found;
        if (atEnd()) {
            found = "the end of the grammar";
        } else if (atLineEnd()) {
            found = "the end of the line";
        } else {
            int c = peek();
            found = isVisible(c) ? Character.toString(c) : String.format("U+%04X", c);
        }
        return wrong(index, "expected " + expected + ", found " + found);
    }

    private static boolean isVisible(int c) {
        int type = Character.getType(c);
        return !Character.isISOControl(c) && type != Character.FORMAT && type != Character.SURROGATE
                && type != Character.UNASSIGNED && type != Character.PRIVATE_USE;
    }

    static boolean isName(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_';
    }

    private static boolean isLineEnd(int c) {
        return c == '\n' || c == '\r';
    }

    /** Goes on behind blanks and comments, on request also behind the ends of lines. */
    void skipBlanks(boolean lines) {
        for (; !atEnd(); index++) {
            char c = text.charAt(index);
            if (c == '#') {
                while (!atEnd() && !atLineEnd()) {
                    index++;
                }
                if (atEnd()) {
                    return;
                }
                c = text.charAt(index);
            }
            if (c != ' ' && c != '\t' && !(lines && isLineEnd(c))) {
                return;
            }
        }
    }

    /**
     * Whether this character comes next, which is then read. Outside of parentheses it may stand in a later line, too.
     *
     * @param nested whether blanks and lines were skipped already
     */
    boolean continuesWith(char wanted, boolean nested) {
        int before = index;
        if (!nested) {
            skipBlanks(true);
        }
        if (peek() == wanted) {
            index++;
            return true;
        }
        index = before;
        return false;
    }

    /** Whether a name and {@code ::=} come next. */
    boolean ruleBegins() {
        int before = index;
        while (isName(peek())) {
            index++;
        }
        boolean begins = index > before;
        skipBlanks(false);
        begins &= text.startsWith("::=", index);
        index = before;
        return begins;
    }

    String name(String what) {
        int from = index;
        while (isName(peek())) {
            index++;
        }
        if (index == from) {
            throw unexpected(what);
        }
        return text.substring(from, index);
    }

    void expect(String wanted) {
        if (!text.startsWith(wanted, index)) {
            throw unexpected(wanted);
        }
        index += wanted.length();
    }

    int number() {
        int from = index;
        int value = 0;
        while (peek() >= '0' && peek() <= '9') {
            value = 10 * value + next() - '0';
            if (value > LARGEST_NUMBER) {
                throw wrong(from, "expected a number up to " + LARGEST_NUMBER + ", found a larger one");
            }
        }
        if (index == from) {
            throw unexpected("a number");
        }
        return value;
    }

    /** Reads text in quotes. */
    Expression literal() {
        int begin = index;
        next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (peek() != '"') {
            checkInside(begin, "string");
            int place = index;
            int c = character();
            if (CodePoints.isSurrogate(c)) {
                throw wrong(place,
                        "expected a character, found half a surrogate pair; write the character itself or \\U…");
            }
            bytes.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
        }
        next();
        return bytes.size() == 0 ? Expression.EMPTY : new Expression.Literal(bytes.toByteArray());
    }

    /** Reads characters and ranges in brackets. */
    Expression characterClass() {
        int begin = index;
        next();
        List<int[]> ranges = new ArrayList<>();
        boolean others = peek() == '^';
        if (others) {
            next();
        }
        if (peek() == ']') {
            throw wrong(begin, "expected characters in brackets, found none; any character is written as .");
        }
        while (peek() != ']') {
            checkInside(begin, "class");
            int place = index;
            int first = character();
            int last = first;
            // A minus before the closing bracket is a minus.
            if (peek() == '-' && index + 1 < text.length() && text.charAt(index + 1) != ']') {
                next();
                checkInside(begin, "class");
                last = character();
            }
            if (last < first) {
                throw wrong(place,
                        String.format("expected the lower character first, found U+%04X to U+%04X", first, last));
            }
            ranges.add(new int[]{first, last});
        }
        next();
        CodePoints listed = CodePoints.ofRanges(ranges);
        CodePoints characters = others ? listed.not() : listed;
        if (characters.isEmpty()) {
            throw wrong(begin, "expected at least one character, found a class without any");
        }
        return new Expression.OneOf(characters);
    }

    private void checkInside(int begin, String what) {
        if (atEnd() || atLineEnd()) {
            throw wrong(begin, "this " + what + " does not end in its line; line ends are written as \\n");
        }
    }

    /** Reads one character or escape. */
    private int character() {
        int place = index;
        int c = next();
        if (c != '\\') {
            return c;
        }
        int kind = atEnd() || atLineEnd() ? END : next();
        switch (kind) {
            case 'x' :
                return hex(place, 2);
            case 'u' :
                return hex(place, 4);
            case 'U' :
                return hex(place, 8);
            case 't' :
                return '\t';
            case 'r' :
                return '\r';
            case 'n' :
                return '\n';
            case '\\' :
            case '"' :
            case '[' :
            case ']' :
            case '-' :
            case '^' :
                return kind;
            default :
                throw wrong(place, "expected one of the escapes \\xNN \\uNNNN \\UNNNNNNNN \\t \\r \\n \\\\ \\\" \\[ \\]"
                        + " \\- \\^, found another one");
        }
    }

    private int hex(int place, int digits) {
        long value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = atEnd() || text.charAt(index) > 'f' ? -1 : Character.digit(text.charAt(index), 16);
            if (digit < 0) {
                throw wrong(place, "expected " + digits + " hexadecimal digits, found fewer");
            }
            value = 16 * value + digit;
            index++;
        }
        if (value > Character.MAX_CODE_POINT) {
            throw wrong(place, String.format("expected a character up to U+10FFFF, found U+%X", value));
        }
        return (int) value;
    }
}
