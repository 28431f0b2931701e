package io.rwkv.text.sampling;

import io.rwkv.tokenizer.Tokenizer;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A sampler made of {@link SamplingStep steps}: applies them to the logits, one after another, and chooses by the softmax of what
 * is left. Made by {@link SamplingOptions#newSampler()}. For one text and one thread. Once warm it allocates nothing.
 */
public final class SamplingChain implements Sampler {
    private final SamplingStep[] steps;
    private final RandomGenerator random;
    private final Candidates candidates = new Candidates();

    /** Steps that remember something are made anew for this text; tokenizer may be null. */
    SamplingChain(List<SamplingStep> steps, Tokenizer tokenizer, RandomGenerator random) {
        this.steps = steps.stream().map(step -> step.forText(tokenizer)).toArray(SamplingStep[]::new);
        this.random = random;
    }

    /**
     * Chooses a token, and has the steps know.
     *
     * @throws ArithmeticException if a logit is NaN or +∞, or if no token is left that could be chosen: all logits are −∞, or all
     * other tokens are banned
     * @throws IllegalArgumentException if a banned or biased token is not in the vocabulary
     */
    @Override
    public int choose(float[] logits) {
        apply(logits);
        int index = candidates.draw(random);
        int token = candidates.id(index);
        chosen(token, candidates.probability(index));
        return token;
    }

    /**
     * Applies the steps without a choice: which tokens could be chosen now, and how likely.
     *
     * @param logits as in {@link #choose}, which must not be changed
     * @return those with a logit above −∞, until the next call of any method of this sampler
     * @throws ArithmeticException as {@link #choose}
     * @throws IllegalArgumentException as {@link #choose}
     */
    public Candidates candidates(float[] logits) {
        apply(logits);
        candidates.dropImpossible();
        return candidates;
    }

    private void apply(float[] logits) {
        candidates.load(logits);
        for (SamplingStep step : steps) {
            step.apply(candidates);
        }
    }

    void chosen(int token, double probability) {
        for (SamplingStep step : steps) {
            step.chosen(token, probability);
        }
    }
}
