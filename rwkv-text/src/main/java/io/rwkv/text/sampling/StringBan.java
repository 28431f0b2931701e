package io.rwkv.text.sampling;

import io.rwkv.text.internal.masks.BannedStrings;
import io.rwkv.tokenizer.Tokenizer;

import java.util.function.IntConsumer;

/** {@link SamplingStep#banStrings}; itself the pattern for those of the texts, who share what it finds out about a vocabulary. */
final class StringBan implements SamplingStep {
    private final BannedStrings strings;
    private final BannedStrings.Text text; // null in the pattern
    private final IntConsumer ban = this::ban; // made once, so that a token costs no memory
    private Candidates candidates;

    StringBan(BannedStrings strings) {
        this(strings, null);
    }

    private StringBan(BannedStrings strings, BannedStrings.Text text) {
        this.strings = strings;
        this.text = text;
    }

    @Override
    public SamplingStep forText(Tokenizer tokenizer) {
        if (tokenizer == null) {
            throw new IllegalArgumentException("bannedStrings: expected a tokenizer, found none;"
                    + " make the sampler with newSampler(Tokenizer)");
        }
        return new StringBan(strings, strings.newConstraint(tokenizer));
    }

    @Override
    public void apply(Candidates all) {
        candidates = all;
        text.mask().forEachForbidden(ban);
    }

    private void ban(int token) {
        int index = candidates.indexOf(token);
        if (index >= 0) {
            candidates.setLogit(index, Double.NEGATIVE_INFINITY);
        }
    }

    @Override
    public void chosen(int token, double probability) {
        text.accept(token);
    }
}
