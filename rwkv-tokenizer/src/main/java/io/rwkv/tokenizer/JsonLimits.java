package io.rwkv.tokenizer;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Passes on JSON in UTF-8 whose parts are of a size that a vocabulary may have, and stops before anything else reaches the
 * parser: how deep values nest, how long a string or a number is, and how much there is of it all. Jackson has such limits
 * from 2.15 on, and differs from version to version in what it takes for UTF-8; these are the same with every one.
 *
 * <p>
 * UTF-8 that is no JSON passes: the parser refuses it when it gets there, and up to there both read the same.
 */
final class JsonLimits extends FilterInputStream {
    /** Four times the largest tokenizer.json in use. */
    static final long MAX_BYTES = 1L << 27;
    static final int MAX_DEPTH = 50;
    static final int MAX_STRING = 1 << 20;
    /** Less than Jackson's own limit where it has one. */
    static final int MAX_NAME = 1 << 15;
    static final int MAX_NUMBER = 256;

    /** A limit is passed, or a byte is none of UTF-8. */
    static final class PassedException extends IOException {
        private static final long serialVersionUID = 1L;

        /** Both from 1; the column counts bytes. */
        final int line;
        final long column;

        PassedException(String message, int line, long column) {
            super(message);
            this.line = line;
            this.column = column;
        }
    }

    private long position;
    private int line = 1;
    private long lineStart;
    /** How many more bytes the character needs, and between which the next of them lies. */
    private int continuations;
    private int lowest;
    private int highest;
    private int depth;
    private boolean inString;
    private boolean escaped;
    /** In bytes as they stand in the file: of the string or the number that is being read, or was read last. */
    private int length;

    JsonLimits(InputStream in) {
        super(in);
    }

    @Override
    public int read() throws IOException {
        int b = in.read();
        if (b >= 0) {
            check((byte) b);
        }
        return b;
    }

    @Override
    public int read(byte[] buffer, int from, int length) throws IOException {
        int count = in.read(buffer, from, length);
        for (int i = from; i < from + count; i++) {
            check(buffer[i]);
        }
        return count;
    }

    private void check(byte b) throws PassedException {
        if (position == MAX_BYTES) {
            throw passed("a file larger than the maximum of " + MAX_BYTES + " bytes");
        }
        if (b < 0 || continuations > 0) {
            checkUtf8(b & 0xFF);
        }
        if (inString) {
            checkInside(b);
        } else {
            checkOutside(b);
        }
        position++;
        if (b == '\n') {
            line++;
            lineStart = position;
        }
    }

    /** What may follow what, by the table of well-formed sequences in the Unicode standard. */
    private void checkUtf8(int b) throws PassedException {
        if (continuations > 0) {
            if (b < lowest || b > highest) {
                throw passed(highest == 0x9F && b >= 0xA0 && b < 0xC0
                        ? String.format("no UTF-8: half of a surrogate pair, 0x%x or one of the 63 after it",
                                Character.MIN_SURROGATE + ((b & 0x1F) << 6))
                        : String.format("no UTF-8: the byte 0x%02x within a character", b));
            }
            continuations--;
            lowest = 0x80;
            highest = 0xBF;
            return;
        }
        if (b < 0xC2 || b > 0xF4) {
            throw passed(String.format("no UTF-8: the byte 0x%02x, with which no character begins", b));
        }
        continuations = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
        lowest = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
        highest = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
    }

    private void checkInside(int b) throws PassedException {
        if (escaped) {
            escaped = false;
        } else if (b == '\\') {
            escaped = true;
        } else if (b == '"') {
            inString = false;
            return;
        }
        if (++length > MAX_STRING) {
            throw passed("a string longer than the maximum of " + MAX_STRING + " bytes");
        }
    }

    private void checkOutside(int b) throws PassedException {
        switch (b) {
            case '"' -> {
                inString = true;
                length = 0;
            }
            case '{', '[' -> {
                length = 0;
                if (++depth > MAX_DEPTH) {
                    throw passed("nesting deeper than the maximum of " + MAX_DEPTH);
                }
            }
            case '}', ']' -> {
                length = 0;
                depth--;
            }
            case ':' -> {
                if (length > MAX_NAME) {
                    throw passed("a name longer than the maximum of " + MAX_NAME + " bytes");
                }
                length = 0;
            }
            case ',' -> length = 0;
            case ' ', '\t', '\n', '\r' -> {
                // What was read last stays the last, as a name does before its colon.
            }
            case 0 -> throw passed("a zero byte, as UTF-16 has them and JSON in UTF-8 has none");
            default -> {
                if (++length > MAX_NUMBER) {
                    throw passed("a number longer than the maximum of " + MAX_NUMBER + " characters");
                }
            }
        }
    }

    private PassedException passed(String what) {
        return new PassedException(what, line, position - lineStart + 1);
    }
}
