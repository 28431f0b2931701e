package io.rwkv.tokenizer;

import java.io.IOException;

/**
 * A tokenizer file is damaged, or asks for something that is not implemented. The message says which file, where in it,
 * what was expected, and what was found. Errors of the disk itself are other {@link IOException}s.
 */
public final class TokenizerFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    TokenizerFormatException(String source, String where, String expected, String found) {
        this(source, where, expected, found, null);
    }

    TokenizerFormatException(String source, String where, String expected, String found, Throwable cause) {
        super(source + ": at " + where + ": expected " + expected + ", found " + found, cause);
    }

    /** In quotes, on one line, and not too long for a message. */
    static String quote(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        shorten(text).chars().forEach(c -> {
            if (c < ' ' || c == 0x7F || Character.isSurrogate((char) c)) {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }

    static String shorten(String text) {
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }
}
