package io.rwkv.core;

/** What a {@link Step} wants to know of its tokens, besides moving its state. */
public enum Want {
    /** Nothing: the state only reads the tokens. Costs no product with the head, which is a large part of a small model. */
    NOTHING,
    /** The logits after the last token: {@link Output#logits()}. */
    LAST_LOGITS,
    /** The logits after every token: {@link Output#allLogits()}. Takes tokens · vocabulary · 4 bytes. */
    ALL_LOGITS,
    /** The hidden vector after the last token: {@link Output#hidden()}. */
    LAST_HIDDEN,
    /** The hidden vector after every token: {@link Output#allHidden()}. */
    ALL_HIDDEN,
    /**
     * The logarithm of the probability that the model gave each token, from the second on: {@link Output#logProbabilities()}.
     * With {@link Step#followedBy}, also that of the token after the last one. Takes a number for each token, however large the
     * vocabulary is.
     */
    LOG_PROBABILITIES
}
