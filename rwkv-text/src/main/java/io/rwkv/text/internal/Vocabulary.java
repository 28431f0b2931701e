package io.rwkv.text.internal;

import io.rwkv.core.RwkvModel;
import io.rwkv.tokenizer.Tokenizer;

/** What a model's vocabulary and a tokenizer's have to do with each other. */
public final class Vocabulary {
    private Vocabulary() {
    }

    /**
     * Checkpoints often have spare rows, but a tokenizer with spare ids belongs to another model.
     *
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model's vocabulary
     */
    public static void check(RwkvModel model, Tokenizer tokenizer) {
        int size = model.config().vocabularySize();
        if (tokenizer.vocabularySize() > size) {
            throw new IllegalArgumentException("tokenizer: expected at most the model's " + size + " tokens, found "
                    + tokenizer.vocabularySize());
        }
    }

    /** Whether an id adds to text: not if it lies in a gap of the vocabulary or beyond its end, among rows of padding. */
    public static boolean standsForText(Tokenizer tokenizer, int id) {
        if (id >= tokenizer.vocabularySize()) {
            return false;
        }
        try {
            return tokenizer.decodeBytes(new int[]{id}).length > 0;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
