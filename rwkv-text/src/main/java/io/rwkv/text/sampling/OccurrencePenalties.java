package io.rwkv.text.sampling;

import io.rwkv.tokenizer.Tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** {@link SamplingStep#penalties}; itself the pattern, whose table stays as it began, for those of the texts. */
final class OccurrencePenalties implements SamplingStep {
    private static final String EXEMPT = " \t0123456789";

    private final double presence;
    private final double frequency;
    private final double decay;
    private final boolean exempting;
    private final Map<Integer, Double> begin;
    private final Tokenizer tokenizer; // null in the pattern, and where none is exempt
    private final TokenTable occurrences = new TokenTable();
    private final TokenTable growth = new TokenTable(); // by token, how much one choice adds; so that each text is looked at once

    OccurrencePenalties(double presence, double frequency, double decay, boolean exempting,
            Map<Integer, Double> begin) {
        this(presence, frequency, decay, exempting, begin, null);
    }

    private OccurrencePenalties(double presence, double frequency, double decay, boolean exempting,
            Map<Integer, Double> begin, Tokenizer tokenizer) {
        this.presence = presence;
        this.frequency = frequency;
        this.decay = decay;
        this.exempting = exempting;
        this.begin = begin;
        this.tokenizer = tokenizer;
        begin.forEach((token, occurrence) -> occurrences.set(occurrences.findOrAdd(token), occurrence));
    }

    @Override
    public SamplingStep forText(Tokenizer texts) {
        if (exempting && texts == null) {
            throw new IllegalArgumentException("exemptDigitsAndBlanks: expected a tokenizer, found none;"
                    + " make the sampler with newSampler(Tokenizer)");
        }
        return new OccurrencePenalties(presence, frequency, decay, exempting, begin, exempting ? texts : null);
    }

    @Override
    public void apply(Candidates candidates) {
        for (int i = 0; i < occurrences.size(); i++) {
            int index = candidates.indexOf(occurrences.token(i));
            if (index >= 0) {
                candidates.setLogit(index, candidates.logit(index) - penalty(i));
            }
        }
    }

    private double penalty(int i) {
        return presence + occurrences.value(i) * frequency;
    }

    @Override
    public void chosen(int token, double probability) {
        for (int i = 0; i < occurrences.size(); i++) {
            occurrences.set(i, occurrences.value(i) * decay);
        }
        int i = occurrences.findOrAdd(token);
        occurrences.set(i, occurrences.value(i) + growth(token));
    }

    private double growth(int token) {
        if (tokenizer == null) {
            return 1;
        }
        int known = growth.find(token);
        if (known < 0) {
            known = growth.findOrAdd(token);
            growth.set(known, exempt(token) ? 0 : 1);
        }
        return growth.value(known);
    }

    private boolean exempt(int token) {
        return tokenizer.standsForText(token)
                && EXEMPT.contains(new String(tokenizer.decodeBytes(new int[]{token}), StandardCharsets.ISO_8859_1));
    }
}
