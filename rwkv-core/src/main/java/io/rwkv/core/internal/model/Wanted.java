package io.rwkv.core.internal.model;

/** Which values a call wants of its tokens. */
public enum Wanted {
    /** After ln_out, of the last token. */
    LAST_HIDDEN,
    /** After ln_out, of every token. */
    ALL_HIDDEN,
    /** Logits after the last token. */
    LAST_LOGITS,
    /** Logits after every token. */
    ALL_LOGITS;

    /** Whether it is something of every token, not of the last alone. */
    boolean all() {
        return this == ALL_HIDDEN || this == ALL_LOGITS;
    }

    /** Whether it is made by the head. */
    boolean logits() {
        return this == LAST_LOGITS || this == ALL_LOGITS;
    }
}
