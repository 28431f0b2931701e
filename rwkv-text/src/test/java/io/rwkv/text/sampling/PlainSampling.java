package io.rwkv.text.sampling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** The definitions of the orders, word by word: everything sorted, nothing left out, {@link Math#exp}. The twin of {@link Candidates}. */
final class PlainSampling {
    record Token(int id, double logit) {}

    private List<Token> tokens = new ArrayList<>();

    /** What may be chosen, by id, with its probability. */
    static TreeMap<Integer, Double> distribution(float[] logits, SamplingOptions options) {
        PlainSampling plain = new PlainSampling();
        for (int id = 0; id < logits.length; id++) {
            if (logits[id] > Float.NEGATIVE_INFINITY) {
                plain.tokens.add(new Token(id, logits[id] + 0.0)); // sorting would tell −0 from 0
            }
        }
        boolean greedy = options.temperature() == 0;
        switch (options.order()) {
            case RWKV -> {
                plain.topP(greedy ? 0 : options.topP(), true);
                plain.topK(options.topK());
                plain.temperature(greedy ? 1 : options.temperature());
            }
            case TEMPERATURE_FIRST -> {
                plain.temperature(options.temperature());
                plain.topK(options.topK());
                plain.topP(options.topP(), false);
                plain.minP(options.minP());
                plain.typicalP(options.typicalP(), false);
            }
            case LLAMA_CPP -> {
                plain.topK(options.topK());
                plain.typicalP(options.typicalP(), true);
                plain.topP(options.topP(), false);
                plain.minP(options.minP());
                plain.temperature(options.temperature());
            }
        }
        return plain.probabilities();
    }

    private TreeMap<Integer, Double> probabilities() {
        double max = tokens.stream().mapToDouble(Token::logit).max().orElseThrow();
        double total = tokens.stream().mapToDouble(token -> Math.exp(token.logit - max)).sum();
        TreeMap<Integer, Double> probabilities = new TreeMap<>();
        tokens.forEach(token -> probabilities.put(token.id, Math.exp(token.logit - max) / total));
        return probabilities;
    }

    /** Sorts by this, ascending, then by id. */
    private void sort(ToDoubleFunction<Token> by) {
        tokens.sort(Comparator.comparingDouble(by).thenComparing(Token::id));
    }

    private void temperature(double t) {
        if (t == 0) {
            topK(1);
        } else {
            tokens = new ArrayList<>(tokens.stream().map(token -> new Token(token.id, token.logit / t)).toList());
        }
    }

    private void topK(int k) {
        sort(token -> -token.logit);
        tokens = new ArrayList<>(tokens.subList(0, k == 0 ? tokens.size() : Math.min(k, tokens.size())));
    }

    private void topP(double p, boolean ties) {
        if (p == 1) {
            return;
        }
        TreeMap<Integer, Double> probabilities = probabilities();
        sort(token -> -token.logit);
        int n = reach(p, false, probabilities);
        while (ties && n < tokens.size() && tokens.get(n).logit == tokens.get(n - 1).logit) {
            n++;
        }
        tokens = new ArrayList<>(tokens.subList(0, n));
    }

    private int reach(double p, boolean beyond, TreeMap<Integer, Double> probabilities) {
        double sum = 0;
        int n = 0;
        do {
            sum += probabilities.get(tokens.get(n++).id);
        } while (n < tokens.size() && !(beyond ? sum > p : sum >= p));
        return n;
    }

    private void minP(double p) {
        TreeMap<Integer, Double> probabilities = probabilities();
        double max = probabilities.values().stream().mapToDouble(Double::doubleValue).max().orElseThrow();
        tokens.removeIf(token -> probabilities.get(token.id) < p * max);
    }

    private void typicalP(double p, boolean beyond) {
        if (p == 1) {
            return;
        }
        TreeMap<Integer, Double> probabilities = probabilities();
        double max = tokens.stream().mapToDouble(Token::logit).max().orElseThrow();
        double logTotal = Math.log(tokens.stream().mapToDouble(token -> Math.exp(token.logit - max)).sum());
        double entropy = tokens.stream()
                .mapToDouble(token -> probabilities.get(token.id) * (logTotal - (token.logit - max))).sum();
        sort(token -> Math.abs(logTotal - (token.logit - max) - entropy));
        tokens = new ArrayList<>(tokens.subList(0, reach(p, beyond, probabilities)));
    }
}
