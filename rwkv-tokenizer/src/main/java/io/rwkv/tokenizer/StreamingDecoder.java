package io.rwkv.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * Decodes ids that arrive one at a time. Returns text as soon as it is certain: the first bytes of a character are held
 * back until the character is complete.
 *
 * <p>
 * All that {@link #accept} and {@link #finish} return, joined, equals what {@link Tokenizer#decode} returns for all ids
 * together, also for bytes that are not UTF-8.
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
     * Begins a text.
     *
     * @param tokenizer the tokenizer whose ids will come
     */
    public StreamingDecoder(Tokenizer tokenizer) {
        this.tokenizer = Objects.requireNonNull(tokenizer, "tokenizer");
    }

    /**
     * Takes the next id.
     *
     * @param id from 0 to the vocabulary's size − 1
     * @return the text that is now complete, often that of this token; empty while a character is incomplete, and for an id
     *         that no token has
     * @throws IllegalArgumentException if the id is outside the vocabulary; the decoder has then not changed
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
     * Ends the text and begins a new one.
     *
     * @return U+FFFD if the last character was incomplete, else an empty string
     */
    public String finish() {
        String rest = new String(held, StandardCharsets.UTF_8);
        held = new byte[0];
        return rest;
    }

    /**
     * Whether the text so far ends within a character.
     *
     * @return whether bytes of an incomplete character are held back
     */
    public boolean unfinished() {
        return held.length > 0;
    }
}
