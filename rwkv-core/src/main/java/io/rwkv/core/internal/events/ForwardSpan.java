package io.rwkv.core.internal.events;

/** The time of a call of a model. */
public interface ForwardSpan {
    /**
     * The call is over.
     *
     * @param tokens of all sequences
     * @param headRows after how many tokens logits or log-probabilities were wanted
     * @param completed false if it failed, so that no state has moved
     */
    void finish(int sequences, long tokens, long headRows, boolean completed);
}
