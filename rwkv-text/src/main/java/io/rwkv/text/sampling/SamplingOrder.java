package io.rwkv.text.sampling;

import java.util.ArrayList;
import java.util.List;

/**
 * In which order the steps come that keep the likelier tokens. Bias, bans, repetition penalty, and presence and frequency
 * penalties come before them, in this order, whatever the order of the rest. Each step works on what the one before left, and
 * "probability" is the softmax of that. The <em>head</em> is the candidates, the likeliest first; of equally likely ones, the lowest id
 * first.
 */
public enum SamplingOrder {
    /**
     * RWKV's own, of the Python package {@code rwkv}: top-p, then top-k, then temperature.
     * <ul>
     * <li>Top-p looks for the first place of the head where the sum of the probabilities reaches p. It drops what is less likely than
     * the token at this place; those that are as likely stay.
     * <li>Top-k keeps the first k of the head.
     * <li>The probabilities that are left are raised to the power 1 / temperature. Temperature 0 means temperature 1 and top-p 0: the
     * likeliest token, or any of several equally likely ones.
     * </ul>
     * This order has no min-p and no typical-p; options with one of them are refused.
     */
    RWKV,

    /**
     * That of Hugging Face's transformers, and the default: temperature, top-k, top-p, min-p, typical-p.
     * <ul>
     * <li>The logits are divided by the temperature. Temperature 0 keeps the likeliest token.
     * <li>Top-k keeps the first k of the head (transformers also keeps all that tie with the last).
     * <li>Top-p keeps the shortest head whose probabilities add up to p or more.
     * <li>Min-p keeps what has at least this part of the greatest probability.
     * <li>Typical-p takes the candidates by |−ln probability − entropy|, the least first, until their probabilities add up to p or
     * more.
     * </ul>
     */
    TEMPERATURE_FIRST,

    /**
     * That of llama.cpp: top-k, typical-p, top-p, min-p, temperature. Each step as in {@link #TEMPERATURE_FIRST}, except that the
     * probabilities of typical-p have to add up to more than p.
     */
    LLAMA_CPP;

    /** The steps that these options ask for. */
    List<SamplingStep> steps(SamplingOptions options) {
        List<SamplingStep> steps = new ArrayList<>();
        if (!options.logitBias().isEmpty()) {
            steps.add(SamplingStep.logitBias(options.logitBias()));
        }
        if (!options.bannedTokens().isEmpty()) {
            steps.add(SamplingStep.ban(options.bannedTokens()));
        }
        if (options.ownBannedStrings() != null) {
            steps.add(new StringBan(options.ownBannedStrings()));
        }
        if (options.repetitionPenalty() != 1) {
            steps.add(SamplingStep.repetitionPenalty(options.repetitionPenalty(), options.repetitionWindow()));
        }
        if (options.presencePenalty() != 0 || options.frequencyPenalty() != 0) {
            steps.add(SamplingStep.penalties(options.presencePenalty(), options.frequencyPenalty(),
                    options.penaltyDecay(), options.exemptDigitsAndBlanks(), options.occurrences()));
        }
        if (options.mirostatTau().isPresent()) {
            steps.add(SamplingStep.temperature(options.temperature()));
            steps.add(SamplingStep.mirostat2(options.mirostatTau().getAsDouble(), options.mirostatEta(),
                    options.mirostatMu()));
            return steps;
        }
        boolean greedy = options.temperature() == 0;
        switch (this) {
            case RWKV -> {
                steps.add(SamplingStep.topPWithTies(greedy ? 0 : options.topP()));
                steps.add(SamplingStep.topK(options.topK()));
                steps.add(SamplingStep.temperature(greedy ? 1 : options.temperature()));
            }
            case TEMPERATURE_FIRST -> {
                steps.add(SamplingStep.temperature(options.temperature()));
                steps.add(SamplingStep.topK(options.topK()));
                steps.add(SamplingStep.topP(options.topP()));
                steps.add(SamplingStep.minP(options.minP()));
                steps.add(SamplingStep.typicalP(options.typicalP()));
            }
            case LLAMA_CPP -> {
                steps.add(SamplingStep.topK(options.topK()));
                steps.add(SamplingStep.typicalPBeyond(options.typicalP()));
                steps.add(SamplingStep.topP(options.topP()));
                steps.add(SamplingStep.minP(options.minP()));
                steps.add(SamplingStep.temperature(options.temperature()));
            }
        }
        return steps;
    }
}
