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
}
