package io.rwkv.tokenizer;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Passes on JSON whose parts are of a size that a vocabulary may have, and stops before anything larger reaches the parser:
 * how deep values nest, how long a string or a number is, and how much there is of it all. Jackson has such limits from
 * 2.15 on; these are the same with every version.
 *
 * <p>
 * What is no JSON passes: the parser refuses it when it gets there, and up to there both read the same.
 */
final class JsonLimits extends FilterInputStream {
    /** Four times the largest tokenizer.json in use. */
    static final long MAX_BYTES = 1L << 27;
    static final int MAX_DEPTH = 50;
    static final int MAX_STRING = 1 << 20;
    /** Less than Jackson's own limit where it has one. */
    static final int MAX_NAME = 1 << 15;
    static final int MAX_NUMBER = 256;

    /** A limit is passed. */
    static final class PassedException extends IOException {
        private static final long serialVersionUID = 1L;

        /** @param position that of the byte, from 0 */
        PassedException(String message, long position) {
            super(message + ", at byte " + position);
        }
    }

    private long position;
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
            check(b);
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

    private void check(int b) throws IOException {
        if (position == MAX_BYTES) {
            throw passed("a file larger than the maximum of " + MAX_BYTES + " bytes");
        }
        if (inString) {
            if (escaped) {
                escaped = false;
            } else if (b == '\\') {
                escaped = true;
            } else if (b == '"') {
                inString = false;
                position++;
                return;
            }
            if (++length > MAX_STRING) {
                throw passed("a string longer than the maximum of " + MAX_STRING + " bytes");
            }
        } else {
            checkOutside(b);
        }
        position++;
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
            // In UTF-16 and UTF-32, which parsers tell by themselves, all the marks above hold such bytes.
            case 0 -> throw passed("a zero byte, which UTF-8 has none of");
            default -> {
                if (++length > MAX_NUMBER) {
                    throw passed("a number longer than the maximum of " + MAX_NUMBER + " characters");
                }
            }
        }
    }

    private PassedException passed(String what) {
        return new PassedException(what, position);
    }
}
