package io.rwkv.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * One line {@code id literal length} of a World vocabulary, read from left to right. The literal is what Python's
 * {@code repr} gives for a string or for bytes, and is read by Python's rules.
 */
final class WorldLine {
    private static final String TOKEN_ID = "a token id from 1 to " + TokenTable.MAX_ID;
    /** The escapes of one character, and what they stand for. */
    private static final String ESCAPES = "\\'\"abfnrtv";
    private static final String ESCAPED = "\\'\"\u0007\b\f\n\r\t\u000B";

    private final String source;
    private final int number;
    private final String text;
    private int at;

    WorldLine(String source, int number, String text) {
        this.source = source;
        this.number = number;
        this.text = text;
    }

    boolean isEmpty() {
        return text.isEmpty();
    }

    int position() {
        return at;
    }

    TokenizerFormatException wrong(int position, String expected, String found) {
        return new TokenizerFormatException(source, "line " + number + ", column " + (position + 1), expected, found);
    }

    /** What begins at the position, for messages. */
    private TokenizerFormatException wrong(int position, String expected) {
        return wrong(position, expected, position == text.length()
                ? "the end of the line"
                : TokenizerFormatException.quote(text.substring(position)));
    }

    int id() throws TokenizerFormatException {
        int start = at;
        int id = number(TOKEN_ID);
        if (id == 0) {
            throw wrong(start, TOKEN_ID, "0, which is the end of a text and has no line");
        }
        return id;
    }

    void space() throws TokenizerFormatException {
        if (peek() != ' ') {
            throw wrong(at, "one space");
        }
        at++;
    }

    void length(int bytes) throws TokenizerFormatException {
        int start = at;
        String expected = "the token's length, " + bytes + " bytes";
        if (number(expected) != bytes) {
            throw wrong(start, expected);
        }
        if (at < text.length()) {
            throw wrong(at, "the end of the line");
        }
    }

    /** Decimal digits, up to the highest id. */
    private int number(String expected) throws TokenizerFormatException {
        int start = at;
        int value = 0;
        for (; peek() >= '0' && peek() <= '9'; at++) {
            value = 10 * value + peek() - '0';
            if (value > TokenTable.MAX_ID) {
                throw wrong(start, expected);
            }
        }
        if (at == start) {
            throw wrong(start, expected);
        }
        return value;
    }

    /** The next char, 0 at the end. Nothing that is looked for is 0. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    /** The UTF-8 of a string, or the bytes of bytes. */
    byte[] literal() throws TokenizerFormatException {
        int start = at;
        boolean bytes = peek() == 'b';
        at += bytes ? 1 : 0;
        char quote = peek();
        if (quote != '\'' && quote != '"') {
            throw wrong(start, "a Python literal, as 'text' or b'bytes'");
        }
        at++;
        StringBuilder value = new StringBuilder();
        while (peek() != quote) {
            if (at == text.length()) {
                throw wrong(start, "a literal that ends with " + quote);
            }
            char c = text.charAt(at);
            if (c == '\\') {
                value.appendCodePoint(escape(bytes));
            } else if (c == '\r' || c == 0 || bytes && c > 0x7F) {
                throw wrong(at, c > 0x7F ? "only ASCII in a literal of bytes" : "this character as an escape");
            } else {
                value.append(c);
                at++;
            }
        }
        at++;
        return value.toString().getBytes(bytes ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8);
    }

    /** A code point, or a byte in a literal of bytes. */
    private int escape(boolean bytes) throws TokenizerFormatException {
        int start = at++;
        char kind = peek();
        int simple = ESCAPES.indexOf(kind);
        if (simple >= 0) {
            at++;
            return ESCAPED.charAt(simple);
        }
        int value;
        if (kind >= '0' && kind <= '7') {
            value = digits(start, 1, 3, 8);
        } else if (kind == 'x') {
            at++;
            value = digits(start, 2, 2, 16);
        } else if (kind == 'u' && !bytes) {
            at++;
            value = digits(start, 4, 4, 16);
        } else if (kind == 'U' && !bytes) {
            at++;
            value = digits(start, 8, 8, 16);
        } else {
            throw wrong(start, bytes ? "an escape of Python's bytes" : "an escape of Python's strings");
        }
        if (bytes && value > 0xFF) {
            throw wrong(start, "an escape for a byte");
        }
        if (value < 0 || value > Character.MAX_CODE_POINT || value >= 0xD800 && value <= 0xDFFF) {
            throw wrong(start, "an escape for a character, not for a surrogate, nor beyond U+10FFFF");
        }
        return value;
    }

    private int digits(int start, int fewest, int most, int radix) throws TokenizerFormatException {
        int value = 0;
        int count = 0;
        // ASCII only: Character.digit takes the digits of any script.
        while (count < most && peek() <= 'f' && Character.digit(peek(), radix) >= 0) {
            value = value * radix + Character.digit(peek(), radix);
            at++;
            count++;
        }
        if (count < fewest) {
            throw wrong(start, "an escape with " + fewest + " hexadecimal digits");
        }
        return value;
    }
}
