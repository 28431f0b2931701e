package io.rwkv.text.sampling;

/**
 * Chooses the next token. {@link SamplingOptions} make the usual one; an application may supply its own. A sampler belongs to
 * one text at a time, and to one thread, so that it may remember what it has chosen.
 */
@FunctionalInterface
public interface Sampler {
    /**
     * Chooses a token.
     *
     * @param logits [vocabulary]: finite numbers, some of which may be −∞; to be left as they are
     * @return the token's id, from 0 to the vocabulary's size − 1
     * @throws ArithmeticException if nothing can be chosen: a logit is NaN or +∞, or all are −∞
     */
    int choose(float[] logits);
}
