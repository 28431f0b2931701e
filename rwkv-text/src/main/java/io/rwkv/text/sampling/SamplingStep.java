package io.rwkv.text.sampling;

import io.rwkv.text.internal.masks.BannedStrings;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Collection;
import java.util.Map;

/**
 * One step on the way from logits to the next token: it changes logits, or drops candidates. The steps of a text are applied one
 * after another, each to what the one before left, and then a token is chosen by the softmax of the logits that are left. The
 * methods of this interface make the usual steps; applications may write their own:
 *
 * <pre>{@code
 * SamplingStep noDigits = candidates -> candidates.keepIf(i -> !digits.contains(candidates.id(i)));
 * SamplingOptions options = SamplingOptions.builder()
 *         .steps(noDigits, SamplingStep.temperature(0.8), SamplingStep.topP(0.9)).build();
 * }</pre>
 *
 * <p>A step that remembers something of a text makes a copy of itself for each text ({@link #forText}). Others must be safe for
 * any number of threads, as all made here are.
 */
@FunctionalInterface
public interface SamplingStep {
    /** Changes the candidates for the next token. At least one must stay that has a finite logit. */
    void apply(Candidates candidates);

    /**
     * Called after each choice. Does nothing unless overridden.
     *
     * @param token the id of the token chosen
     * @param probability its probability after the last step, more than 0
     */
    default void chosen(int token, double probability) {
    }

    /**
     * The step for one new text, which one thread uses. This step itself unless overridden.
     *
     * @param tokenizer the texts of tokens; null if the caller has none
     * @throws IllegalArgumentException if the step needs a tokenizer and there is none
     */
    default SamplingStep forText(Tokenizer tokenizer) {
        return this;
    }

    /**
     * Divides the logits; 0 keeps only the likeliest token, of equally likely ones that with the lowest id.
     *
     * @throws IllegalArgumentException if it is not 0, or 1e-100 to 1,000,000
     */
    static SamplingStep temperature(double temperature) {
        Ranges.temperature(temperature);
        if (temperature == 0) {
            return Candidates::keepLikeliest;
        }
        return temperature == 1 ? candidates -> {} : candidates -> candidates.divideLogits(temperature);
    }

    /**
     * Keeps the k likeliest tokens; of equally likely ones, those with the lowest ids. 0 keeps all.
     *
     * @throws IllegalArgumentException if it is negative
     */
    static SamplingStep topK(int k) {
        Ranges.topK(k);
        return k == 0 ? candidates -> {} : candidates -> candidates.keepTop(k);
    }

    /**
     * Keeps the shortest row of likeliest tokens whose probabilities add up to p; at least one. Of equally likely ones, those with
     * the lowest ids. 1 keeps all.
     *
     * @throws IllegalArgumentException if it is not 0 to 1
     */
    static SamplingStep topP(double p) {
        return topP(p, false);
    }

    /** As {@link #topP}, but all that are as likely as the last one of the row are kept, too, as RWKV's own tools do. */
    static SamplingStep topPWithTies(double p) {
        return topP(p, true);
    }

    private static SamplingStep topP(double p, boolean ties) {
        Ranges.topP(p);
        return p == 1 ? candidates -> {} : candidates -> candidates.keepTopP(p, ties);
    }

    /**
     * Keeps the tokens that have at least this part of the likeliest one's probability. 0 keeps all.
     *
     * @throws IllegalArgumentException if it is not 0 to 1
     */
    static SamplingStep minP(double p) {
        Ranges.minP(p);
        return p == 0 ? candidates -> {} : candidates -> candidates.keepMinP(p);
    }

    /**
     * Keeps the tokens whose surprise, −ln p, is nearest to the entropy, until their probabilities add up to p; at least one. 1 keeps
     * all.
     *
     * @throws IllegalArgumentException if it is not more than 0 and at most 1
     */
    static SamplingStep typicalP(double p) {
        return typicalP(p, false);
    }

    /** As {@link #typicalP}, but the probabilities have to add up to more than p, as in llama.cpp. */
    static SamplingStep typicalPBeyond(double p) {
        return typicalP(p, true);
    }

    private static SamplingStep typicalP(double p, boolean beyond) {
        Ranges.typicalP(p);
        return p == 1 ? candidates -> {} : candidates -> candidates.keepTypical(p, beyond);
    }

    /**
     * Mirostat 2: keeps the tokens whose surprise, −log₂ p, is at most μ; at least the likeliest. After each choice μ changes by
     * eta · (tau − surprise of the token chosen), so that the mean surprise comes to tau.
     *
     * @param tau the surprise to aim at, in bits
     * @param eta how fast μ changes
     * @param mu μ for the first token, in bits; 2 · tau is usual
     * @throws IllegalArgumentException if tau is not 0 to 100, eta not 0 to 1, or mu not −1000 to 1000
     */
    static SamplingStep mirostat2(double tau, double eta, double mu) {
        return new Mirostat2(Ranges.tau(tau), Ranges.eta(eta), Ranges.mu(mu));
    }

    /**
     * Makes tokens less likely that were chosen before, as RWKV's own tools do. For each such token,
     * {@code logit −= presence + occurrence · frequency}. After each choice all occurrences are multiplied by {@code decay}, and that
     * of the token chosen grows by 1. Only tokens chosen by this sampler count, not those of the prompt.
     *
     * @param exemptDigitsAndBlanks whether the occurrence of a token does not grow if its text is a part of {@code " \t0123456789"},
     * such as {@code "7"} or {@code "12"}, but not {@code "10"}; presence hits it all the same. Needs a tokenizer
     * @param occurrences occurrences before the first choice, by token: 0 or more
     * @throws IllegalArgumentException if presence or frequency is not −100 to 100, decay not 0 to 1, or an occurrence not 0 to
     * 1,000,000
     */
    static SamplingStep penalties(double presence, double frequency, double decay, boolean exemptDigitsAndBlanks,
            Map<Integer, Double> occurrences) {
        return new OccurrencePenalties(Ranges.presence(presence), Ranges.frequency(frequency), Ranges.decay(decay),
                exemptDigitsAndBlanks, Ranges.occurrences(occurrences));
    }

    /**
     * Makes tokens less likely that are among the last ones chosen: a logit above 0 is divided by the factor, any other one
     * multiplied. Has to come before steps that scale logits. Only tokens chosen by this sampler count, not those of the prompt.
     *
     * @param factor 1 changes nothing; below 1, such tokens become likelier
     * @param window how many tokens back; a token that is there more than once counts once
     * @throws IllegalArgumentException if the factor is not 0.01 to 100, or the window not 1 to 1,000,000
     */
    static SamplingStep repetitionPenalty(double factor, int window) {
        return new RepetitionPenalty(Ranges.repetition(factor), Ranges.window(window));
    }

    /**
     * Adds to the logits of these tokens. Throws IllegalArgumentException when applied to a vocabulary that does not have one of them.
     *
     * @param bias by token; copied
     * @throws IllegalArgumentException if a token is negative, or a value not −1,000,000 to 1,000,000
     */
    static SamplingStep logitBias(Map<Integer, Double> bias) {
        return new LogitBias("logitBias", Ranges.bias(bias));
    }

    /**
     * Makes sure that these tokens are never chosen. Throws IllegalArgumentException when applied to a vocabulary that does not have
     * one of them.
     *
     * @param tokens copied
     * @throws IllegalArgumentException if one is negative
     */
    static SamplingStep ban(Collection<Integer> tokens) {
        return new LogitBias("bannedTokens", Ranges.banned(tokens));
    }

    /**
     * Makes sure that the new text never contains one of these strings, however tokens divide it: bans each token that would complete
     * one. What stands in the prompt does not count, nor a string that begins there. Needs a tokenizer.
     *
     * @param strings copied
     * @throws IllegalArgumentException if one is empty, has half a surrogate pair or U+FFFD, or if they are too long together (some 60,000
     * characters)
     */
    static SamplingStep banStrings(Collection<String> strings) {
        return new StringBan(new BannedStrings(strings));
    }
}
