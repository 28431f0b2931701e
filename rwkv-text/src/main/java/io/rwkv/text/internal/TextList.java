package io.rwkv.text.internal;

import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Encodes lists of texts, and refuses what is not there before anything is computed. */
public final class TextList {
    private TextList() {
    }

    /**
     * Encodes each text as ordinary characters.
     *
     * @param name what the list is called in messages
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalArgumentException if a text has no token; the message names it
     */
    public static List<int[]> encode(Tokenizer tokenizer, List<String> texts, String name) {
        List<int[]> encoded = new ArrayList<>(texts.size());
        for (String text : texts) {
            encoded.add(encode(tokenizer, text, name(name, encoded.size())));
        }
        return encoded;
    }

    /** One text; otherwise as {@link #encode(Tokenizer, List, String)}. */
    public static int[] encode(Tokenizer tokenizer, String text, String name) {
        int[] tokens = tokenizer.encodeOrdinary(Objects.requireNonNull(text, name));
        if (tokens.length == 0) {
            throw new IllegalArgumentException(name + ": expected at least one token, found none");
        }
        return tokens;
    }

    /** What an element of a list is called in messages. */
    public static String name(String list, int index) {
        return list + "[" + index + "]";
    }
}
