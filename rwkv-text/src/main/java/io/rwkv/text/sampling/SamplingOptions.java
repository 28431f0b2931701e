package io.rwkv.text.sampling;

import io.rwkv.text.internal.masks.BannedStrings;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How the next token is chosen: {@link SamplingStep steps} in a {@link SamplingOrder}, then a random choice by probability. Immutable
 * and safe for any number of threads. Made by {@link #builder()} or taken from a {@link SamplingPreset}; {@link #toBuilder()} makes
 * changed copies.
 */
public final class SamplingOptions {
    private static final SamplingOptions DEFAULTS = new Builder().build();

    private final Builder values; // a copy, never changed

    private SamplingOptions(Builder values) {
        this.values = values;
    }

    /** Temperature 1, top-p 0.5, no seed, and nothing else. */
    public static SamplingOptions defaults() {
        return DEFAULTS;
    }

    /** A builder that begins with {@link #defaults()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that begins with these options. */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /** In which order the steps come. */
    public SamplingOrder order() {
        return values.order;
    }

    /** What the logits are divided by before the softmax; 0 always chooses the likeliest token. */
    public double temperature() {
        return values.temperature;
    }

    /** Only this many likeliest tokens can be chosen; 0 for all. */
    public int topK() {
        return values.topK;
    }

    /** Only the likeliest tokens that together have this probability can be chosen; 1 for all. */
    public double topP() {
        return values.topP != null ? values.topP : values.tau.isPresent() ? 1 : 0.5;
    }

    /** Only tokens with this part of the greatest probability can be chosen; 0 for all. */
    public double minP() {
        return values.minP;
    }

    /** Only the tokens of the most usual surprise that together have this probability can be chosen; 1 for all. */
    public double typicalP() {
        return values.typicalP;
    }

    /** The surprise that mirostat 2 aims at, in bits; empty without mirostat. */
    public OptionalDouble mirostatTau() {
        return values.tau;
    }

    /** How fast mirostat 2 learns. */
    public double mirostatEta() {
        return values.eta;
    }

    /** The surprise that mirostat 2 allows for the first token, in bits; NaN without mirostat. */
    public double mirostatMu() {
        return values.mu;
    }

    /** What is taken off the logit of each token chosen before. */
    public double presencePenalty() {
        return values.presence;
    }

    /** What is taken off the logit of a token for each time it was chosen. */
    public double frequencyPenalty() {
        return values.frequency;
    }

    /** What the number of times that a token was chosen is multiplied by after each choice. */
    public double penaltyDecay() {
        return values.decay;
    }

    /** Whether the frequency penalty leaves digits and single blanks alone. */
    public boolean exemptDigitsAndBlanks() {
        return values.exempting;
    }

    /** How many times tokens count as chosen at the beginning. Unmodifiable. */
    public Map<Integer, Double> occurrences() {
        return values.occurrences;
    }

    /** What the logits of the last tokens are divided by, or multiplied by if negative; 1 for none. */
    public double repetitionPenalty() {
        return values.repetition;
    }

    /** For how many of the last tokens there is a repetition penalty. */
    public int repetitionWindow() {
        return values.window;
    }

    /** What is added to the logits of tokens. Unmodifiable. */
    public Map<Integer, Double> logitBias() {
        return values.bias;
    }

    /** The tokens that are never chosen. Unmodifiable. */
    public Set<Integer> bannedTokens() {
        return values.banned;
    }

    /** The strings that the new text never contains. Unmodifiable. */
    public List<String> bannedStrings() {
        return values.bannedStrings == null ? List.of() : values.bannedStrings.strings();
    }

    /** The same, with what was found out about vocabularies; null for none. */
    BannedStrings ownBannedStrings() {
        return values.bannedStrings;
    }

    /** The caller's steps, which replace all that these options say, except the seed; empty if there are none. Unmodifiable. */
    public List<SamplingStep> steps() {
        return values.steps;
    }

    /** The seed of the random choices; empty if each sampler makes other choices. */
    public OptionalLong seed() {
        return values.seed;
    }

    /** As {@link #newSampler(Tokenizer)}; throws IllegalArgumentException if a step needs the texts of tokens. */
    public SamplingChain newSampler() {
        return newSampler(null);
    }

    /**
     * A new sampler for one text. Samplers with the same seed make the same choices from the same logits.
     *
     * @param tokenizer the texts of the model's tokens; may be null if no step needs it
     */
    public SamplingChain newSampler(Tokenizer tokenizer) {
        return new SamplingChain(values.steps.isEmpty() ? values.order.steps(this) : values.steps, tokenizer,
                values.seed.isPresent()
                        ? new SplittableRandom(values.seed.getAsLong())
                        : new SplittableRandom());
    }

    /** Collects options; each method refuses values out of range. For one thread; may be used again after {@link #build()}. */
    public static final class Builder {
        private SamplingOrder order = SamplingOrder.TEMPERATURE_FIRST;
        private double temperature = 1;
        private int topK;
        private Double topP; // null if not given: mirostat has no top-p, and all else 0.5
        private double minP;
        private double typicalP = 1;
        private OptionalDouble tau = OptionalDouble.empty();
        private double eta = 0.1;
        private double mu = Double.NaN;
        private double presence;
        private double frequency;
        private double decay = 0.996;
        private boolean exempting;
        private Map<Integer, Double> occurrences = Map.of();
        private double repetition = 1;
        private int window = 64;
        private Map<Integer, Double> bias = Map.of();
        private Set<Integer> banned = Set.of();
        private BannedStrings bannedStrings; // null for none
        private List<SamplingStep> steps = List.of();
        private String named; // an option given that steps of the caller's would replace; null if there is none
        private OptionalLong seed = OptionalLong.empty();

        private Builder() {
        }

        private Builder(Builder from) {
            order = from.order;
            temperature = from.temperature;
            topK = from.topK;
            topP = from.topP;
            minP = from.minP;
            typicalP = from.typicalP;
            tau = from.tau;
            eta = from.eta;
            mu = from.mu;
            presence = from.presence;
            frequency = from.frequency;
            decay = from.decay;
            exempting = from.exempting;
            occurrences = from.occurrences;
            repetition = from.repetition;
            window = from.window;
            bias = from.bias;
            banned = from.banned;
            bannedStrings = from.bannedStrings;
            steps = from.steps;
            named = from.named;
            seed = from.seed;
        }

        private Builder named(String name) {
            named = name;
            return this;
        }

        /** In which order the steps come; by default {@link SamplingOrder#TEMPERATURE_FIRST}. */
        public Builder order(SamplingOrder value) {
            order = Objects.requireNonNull(value, "order");
            return named("order");
        }

        /** Divides the logits before the softmax: 0, which chooses the likeliest token, or 1e-100 to 1,000,000; by default 1. */
        public Builder temperature(double value) {
            temperature = Ranges.temperature(value);
            return named("temperature");
        }

        /** Keeps only this many of the likeliest tokens: 0, the default, keeps all. */
        public Builder topK(int value) {
            topK = Ranges.topK(value);
            return named("topK");
        }

        /** Keeps only the likeliest tokens that together have this probability, 0 to 1; by default 0.5. 1 keeps all. */
        public Builder topP(double value) {
            topP = Ranges.topP(value);
            return named("topP");
        }

        /** Keeps only tokens that have this part of the greatest probability, 0 to 1; by default 0, which keeps all. */
        public Builder minP(double value) {
            minP = Ranges.minP(value);
            return named("minP");
        }

        /** Keeps only the tokens of the most usual surprise with this probability, above 0, at most 1; by default 1, which keeps all. */
        public Builder typicalP(double value) {
            typicalP = Ranges.typicalP(value);
            return named("typicalP");
        }

        /**
         * Has mirostat 2 choose how many tokens are kept, after temperature, in place of top-k, top-p, min-p and typical-p.
         *
         * @param tau the surprise to aim at, in bits, 0 to 100
         * @param eta how fast it learns, 0 to 1; 0.1 is usual
         */
        public Builder mirostat(double tau, double eta) {
            return mirostat(tau, eta, 2 * Ranges.tau(tau));
        }

        /** As {@link #mirostat(double, double)}, with the surprise allowed for the first token, in bits, −1000 to 1000; else 2 · tau. */
        public Builder mirostat(double tau, double eta, double mu) {
            this.tau = OptionalDouble.of(Ranges.tau(tau));
            this.eta = Ranges.eta(eta);
            this.mu = Ranges.mu(mu);
            return named("mirostat");
        }

        /** Takes this off the logit of each token chosen before, −100 to 100; by default 0. The prompt's tokens do not count. */
        public Builder presencePenalty(double value) {
            presence = Ranges.presence(value);
            return named("presencePenalty");
        }

        /** Takes this off the logit of a token for each time it was chosen, −100 to 100; by default 0. */
        public Builder frequencyPenalty(double value) {
            frequency = Ranges.frequency(value);
            return named("frequencyPenalty");
        }

        /** After each choice, multiplies by this how many times tokens were chosen, 0 to 1; by default 0.996. */
        public Builder penaltyDecay(double value) {
            decay = Ranges.decay(value);
            return named("penaltyDecay");
        }

        /**
         * Whether tokens whose text is a part of {@code " \t0123456789"} do not count as chosen once more, as in the Python package
         * {@code rwkv}; by default false. The presence penalty hits them all the same.
         */
        public Builder exemptDigitsAndBlanks(boolean value) {
            exempting = value;
            return named("exemptDigitsAndBlanks");
        }

        /** How many times tokens count as chosen at the beginning, 0 to 1,000,000, by token; copied. By default none do. */
        public Builder occurrences(Map<Integer, Double> values) {
            occurrences = Collections.unmodifiableMap(Ranges.occurrences(values));
            return named("occurrences");
        }

        /** Divides by this the logits of the last tokens chosen, or multiplies them if negative, 0.01 to 100; by default 1. */
        public Builder repetitionPenalty(double value) {
            repetition = Ranges.repetition(value);
            return named("repetitionPenalty");
        }

        /** For how many of the last tokens there is a repetition penalty, 1 to 1,000,000; by default 64. */
        public Builder repetitionWindow(int value) {
            window = Ranges.window(value);
            return named("repetitionWindow");
        }

        /** Adds to the logits of tokens, −1,000,000 to 1,000,000, by token; copied. By default none. Replaces those given before. */
        public Builder logitBias(Map<Integer, Double> values) {
            bias = Collections.unmodifiableMap(new TreeMap<>(Ranges.bias(values)));
            return named("logitBias");
        }

        /** Tokens that are never chosen; copied. By default none. Replaces those given before. */
        public Builder bannedTokens(Collection<Integer> tokens) {
            banned = Collections.unmodifiableSet(new TreeSet<>(Ranges.banned(tokens).keySet()));
            return named("bannedTokens");
        }

        /** Strings that the new text never contains, as {@link SamplingStep#banStrings}; copied. By default none. Replaces those before. */
        public Builder bannedStrings(Collection<String> strings) {
            bannedStrings = strings.isEmpty() ? null : new BannedStrings(strings);
            return named("bannedStrings");
        }

        /** The caller's own steps, in this order. With them, no other option is allowed but a seed. None by default. */
        public Builder steps(SamplingStep... values) {
            return steps(List.of(values));
        }

        /** As {@link #steps(SamplingStep...)}; copied. */
        public Builder steps(List<? extends SamplingStep> values) {
            steps = List.copyOf(values);
            return this;
        }

        /** The seed of the random choices: with it, the same logits lead to the same choices. By default there is none. */
        public Builder seed(long value) {
            seed = OptionalLong.of(value);
            return this;
        }

        /**
         * The options as they are now.
         *
         * @throws IllegalArgumentException if they contradict each other: steps of the caller's beside other options; mirostat beside
         * temperature 0, top-k, top-p, min-p or typical-p; min-p or typical-p in the order {@link SamplingOrder#RWKV}
         */
        public SamplingOptions build() {
            SamplingOptions options = new SamplingOptions(new Builder(this));
            if (!steps.isEmpty()) {
                refuse(named != null, named, "steps of the caller's, which take no notice of it");
            }
            if (tau.isPresent()) {
                String mirostat = "mirostat, which chooses itself how many tokens are kept";
                refuse(topK > 0, "topK", mirostat);
                refuse(options.topP() < 1, "topP", mirostat);
                refuse(minP > 0, "minP", mirostat);
                refuse(typicalP < 1, "typicalP", mirostat);
                refuse(temperature == 0, "temperature 0", mirostat);
            }
            if (order == SamplingOrder.RWKV) {
                refuse(minP > 0, "minP", "the order RWKV, which has no such step; other orders have");
                refuse(typicalP < 1, "typicalP", "the order RWKV, which has no such step; other orders have");
            }
            return options;
        }

        private static void refuse(boolean contradicting, String name, String beside) {
            if (contradicting) {
                throw new IllegalArgumentException(name + ": expected none beside " + beside);
            }
        }
    }
}
