package io.rwkv.text.sampling;

import io.rwkv.tokenizer.Tokenizer;

/** {@link SamplingStep#repetitionPenalty}; itself the pattern for those of the texts. */
final class RepetitionPenalty implements SamplingStep {
    private final double factor;
    private final int[] window; // a ring of the last tokens
    private final TokenTable latest = new TokenTable(); // when a token was last chosen, so that each counts once
    private int time;

    RepetitionPenalty(double factor, int window) {
        this.factor = factor;
        this.window = new int[window];
    }

    @Override
    public SamplingStep forText(Tokenizer tokenizer) {
        return new RepetitionPenalty(factor, window.length);
    }

    @Override
    public void apply(Candidates candidates) {
        for (int when = Math.max(0, time - window.length); when < time; when++) {
            int token = window[when % window.length];
            int index = candidates.indexOf(token);
            if (index >= 0 && latest.value(latest.find(token)) == when) {
                double logit = candidates.logit(index);
                candidates.setLogit(index, logit > 0 ? logit / factor : logit * factor);
            }
        }
    }

    @Override
    public void chosen(int token, double probability) {
        window[time % window.length] = token;
        latest.set(latest.findOrAdd(token), time++);
    }
}
