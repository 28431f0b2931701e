package io.rwkv.text.sampling;

import java.util.Map;

/** Adds to logits; −∞ bans a token. Immutable. */
final class LogitBias implements SamplingStep {
    private final String name;
    private final int[] tokens; // ascending
    private final double[] values;

    LogitBias(String name, Map<Integer, Double> bias) {
        this.name = name;
        tokens = bias.keySet().stream().mapToInt(Integer::intValue).toArray();
        values = bias.values().stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Override
    public void apply(Candidates candidates) {
        if (tokens.length > 0 && tokens[tokens.length - 1] >= candidates.vocabulary()) {
            throw new IllegalArgumentException(name + ": expected tokens from 0 to " + (candidates.vocabulary() - 1)
                    + ", found " + tokens[tokens.length - 1]);
        }
        for (int i = 0; i < tokens.length; i++) {
            int index = candidates.indexOf(tokens[i]);
            if (index >= 0) {
                candidates.setLogit(index, candidates.logit(index) + values[i]);
            }
        }
    }
}
