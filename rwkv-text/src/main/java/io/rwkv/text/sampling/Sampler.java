package io.rwkv.text.sampling;

/**
 * Chooses the next token. {@link SamplingOptions#newSampler()} makes the standard sampler; applications may write their own. A
 * sampler is used for one text and by one thread, so it may remember what it chose before.
 */
@FunctionalInterface
public interface Sampler {
    /**
     * Chooses a token.
     *
     * @param logits [vocabulary]: finite numbers or −∞, which means "never". Must not be changed
     * @return the token's id, from 0 to the vocabulary's size − 1
     * @throws ArithmeticException if a logit is NaN or +∞, or if all are −∞; see {@link Logits#likeliest}
     */
    int choose(float[] logits);
}
