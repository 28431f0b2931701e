package io.rwkv.text.sampling;

import io.rwkv.tokenizer.Tokenizer;

/** {@link SamplingStep#mirostat2}; itself the pattern for those of the texts. */
final class Mirostat2 implements SamplingStep {
    private final double tau;
    private final double eta;
    private final double begin;
    private double mu;

    Mirostat2(double tau, double eta, double mu) {
        this.tau = tau;
        this.eta = eta;
        this.begin = mu;
        this.mu = mu;
    }

    @Override
    public SamplingStep forText(Tokenizer tokenizer) {
        return new Mirostat2(tau, eta, begin);
    }

    @Override
    public void apply(Candidates candidates) {
        candidates.keepSurprise(mu);
    }

    @Override
    public void chosen(int token, double probability) {
        mu -= eta * (-Math.log(probability) / Math.log(2) - tau);
    }

    double mu() {
        return mu;
    }
}
