package io.rwkv.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * Decodes ids that arrive one at a time, and gives text as soon as it is certain: the bytes of a character that is not
 * complete are held back until the rest has come.
 *
 * <p>
 * What {@link #accept} and {@link #finish} return, put together, is what {@link Tokenizer#decode} returns for all ids at
 * once, for bytes that are no UTF-8 too.
 *
 * <p>
 * <b>Thread safety:</b> none; a decoder belongs to one caller at a time.
 */
public final class StreamingDecoder {
    private final Tokenizer tokenizer;
    private final int[] single = new int[1];
    /** At most three: the beginning of one character. */
    private byte[] held = {};

    /**
     * Makes a decoder at the beginning of a text.
     *
     * @param tokenizer the tokenizer whose ids will come
     */
    public StreamingDecoder(Tokenizer tokenizer) {
        this.tokenizer = Objects.requireNonNull(tokenizer, "tokenizer");
    }

    /**
     * Takes the next id.
     *
     * @param id the id
     * @return the text that is now complete, often the token's own; empty while a character is unfinished, and for an id
     *         of the vocabulary that no token has
     * @throws IllegalArgumentException if the id is outside the vocabulary; the decoder is then as before
     */
    public String accept(int id) {
        single[0] = id;
        byte[] token = tokenizer.decodeBytes(single);
        byte[] bytes = token;
        if (held.length > 0) {
            bytes = Arrays.copyOf(held, held.length + token.length);
            System.arraycopy(token, 0, bytes, held.length, token.length);
        }
        int complete = bytes.length - Utf8.unfinishedBytes(bytes);
        held = Arrays.copyOfRange(bytes, complete, bytes.length);
        return new String(bytes, 0, complete, StandardCharsets.UTF_8);
    }

    /**
     * Ends the text. The decoder is then at the beginning of a new one.
     *
     * @return U+FFFD if a character was left unfinished, else nothing
     */
    public String finish() {
        String rest = new String(held, StandardCharsets.UTF_8);
        held = new byte[0];
        return rest;
    }

    /**
     * Whether a character has begun and not ended.
     *
     * @return whether bytes are held back
     */
    public boolean unfinished() {
        return held.length > 0;
    }
}
