package io.rwkv.tokenizer;

import java.io.IOException;

/**
 * A vocabulary file is damaged, or asks for something that this library does not do. The message says which file, where
 * in it, what was expected and what was found. That the file could not be read at all is a plain {@link IOException}.
 */
public final class TokenizerFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    TokenizerFormatException(String source, String where, String expected, String found) {
        this(source, where, expected, found, null);
    }

    TokenizerFormatException(String source, String where, String expected, String found, Throwable cause) {
        super(source + ": at " + where + ": expected " + expected + ", found " + found, cause);
    }
}
