package io.rwkv.benchmarks;

import io.rwkv.core.RwkvState;
import io.rwkv.text.TextModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.text.sampling.SamplingOptions;
import io.rwkv.text.serving.ServiceRequest;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** One random request with the library's own sampler, and what it comes to when it runs alone. */
final class SoakSession {
    /** How it ends, if not by itself. */
    enum End {
        ITSELF, CANCEL, CONDITION, DEADLINE, THROW
    }

    private static final List<String> WORDS = List.of("a", "the", "of", "violin", "is", "musical", "instrument", "dog",
            "domestic", "kitchen", "room", "\n", "that", "river", "large", "one", "who", "tree", "café", "to", "run");
    private static final List<String> STOPS = List.of("\n", ". ", "th", " a", "e", "; ", "or ", "ing", ")", " of the");
    private static final int MOST_TOKENS = 24;
    private static final int LONG_PROMPT = 300;

    final End end;
    final int at; // where it ends: a number of characters, questions or half milliseconds
    final boolean slow;
    final ServiceRequest request;
    final String expected;
    final String whole; // what it would write without stop strings
    private final TextModel rwkv;
    private final RwkvState state; // its own, if it has one
    private final RwkvState before;
    private final RwkvState after;
    private final Generation.Request endless;
    private final Generation.Request alone;
    private final int[] prompt;
    private final List<String> texts = new ArrayList<>(); // after each token
    private int asked;

    SoakSession(TextModel rwkv, Random random) {
        this.rwkv = rwkv;
        this.end = random.nextInt(5) < 3 ? End.ITSELF : End.values()[random.nextInt(End.values().length)];
        this.at = random.nextInt(20);
        this.slow = random.nextInt(10) == 0;
        this.prompt = rwkv.request(prompt(random)).prompt();
        boolean own = random.nextBoolean();
        this.before = rwkv.newState();
        if (own && random.nextBoolean()) {
            rwkv.model().logits(rwkv.tokenizer().encode(prompt(random)), before);
        }
        this.state = own ? before.copy() : null;
        int maxTokens = random.nextInt(MOST_TOKENS + 1);
        GenerationOptions plain;
        Steady steady;
        do { // rounding must not decide: beside others, numbers may differ in their last bits
            SamplingOptions sampling = sampling(random);
            Steady recording = new Steady(sampling);
            steady = recording;
            plain = GenerationOptions.builder().maxTokens(maxTokens).sampling(sampling).build();
            rwkv.request(prompt).options(plain.toBuilder().sampler(() -> recording).build()).state(before.copy()).run();
        } while (!steady.clear);
        for (int n = 0; n <= steady.chosen.size(); n++) {
            int[] chosen = steady.chosen.subList(0, n).stream().mapToInt(i -> i).toArray();
            texts.add(rwkv.tokenizer().decode(chosen).replaceAll("\uFFFD$", ""));
        }
        this.endless = rwkv.request(prompt).options(plain);
        this.whole = endless.state(before.copy()).run().text();
        this.after = before.copy();
        this.alone = endless.stop(stops(random));
        this.expected = alone.state(after).run().text();
        Generation.Request asks = end == End.CONDITION ? alone.cancelledWhen(() -> asked++ >= at) : alone;
        ServiceRequest wanted = ServiceRequest.of(own ? asks.state(state) : asks).priority(random.nextInt(3))
                .caller("caller " + random.nextInt(4));
        this.request = end == End.DEADLINE ? wanted.deadline(Duration.ofNanos(1000L * (1 + at * 500))) : wanted;
    }

    private static String prompt(Random random) {
        int length = 1 + random.nextInt(random.nextInt(8) == 0 ? LONG_PROMPT : 30);
        // Some begin as others do, for the prefix cache.
        Random words = random.nextBoolean() ? new Random(random.nextInt(4)) : random;
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            Random word = i < 20 ? words : random;
            text.append(i == 0 ? "" : " ").append(WORDS.get(word.nextInt(WORDS.size())));
        }
        return text.toString();
    }

    private static String[] stops(Random random) {
        String[] stops = new String[random.nextInt(3)];
        Arrays.setAll(stops, i -> STOPS.get(random.nextInt(STOPS.size())));
        return stops;
    }

    private static SamplingOptions sampling(Random random) {
        return SamplingOptions.builder().temperature(random.nextInt(5) * 0.4).topK(random.nextInt(3) * 20)
                .topP(0.25 * (1 + random.nextInt(4))).seed(random.nextLong()).build();
    }

    /** The same once more, from where it began to its own end. */
    Generation.Request again() {
        return alone.state(before.copy());
    }

    /** Whether the session's state is where this text and result say; true if it has none, or if that cannot be known. */
    boolean stateEndsWith(String text, Generation result) {
        if (state == null || end == End.THROW) {
            return true;
        }
        if (result != null && result.promptTokens() < prompt.length) {
            RwkvState partly = before.copy();
            if (result.promptTokens() > 0) {
                rwkv.model().logits(Arrays.copyOf(prompt, result.promptTokens()), partly);
            }
            return near(partly);
        }
        if (result == null && text.isEmpty()) {
            return true; // somewhere in the prompt
        }
        if (text.equals(expected) && near(after)) {
            return true;
        }
        for (int n = 0; n < texts.size(); n++) {
            if (texts.get(n).equals(text)) {
                RwkvState there = before.copy();
                endless.options(endless.options().toBuilder().maxTokens(n).build()).state(there).run();
                if (near(there)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The same up to rounding: to a thousandth of the largest value. */
    private boolean near(RwkvState other) {
        for (int layer = 0; layer < rwkv.model().config().layers(); layer++) {
            for (String part : state.parts()) {
                float[] x = other.read(layer, part);
                float[] y = state.read(layer, part);
                double largest = 1;
                double difference = 0;
                for (int i = 0; i < x.length; i++) {
                    if (Math.abs(x[i]) < 1e29) { // the first exponent of a WKV
                        largest = Math.max(largest, Math.abs(x[i]));
                    }
                    difference = Math.max(difference, Math.abs(x[i] - y[i]));
                }
                if (difference > 1e-3 * largest) {
                    return false;
                }
            }
        }
        return true;
    }

    /** The options' own sampler, which takes note of whether logits that differ a little would have led elsewhere. */
    private static final class Steady implements Sampler {
        private static final float NOISE = 1e-3f;

        private final Sampler itself;
        private final List<Sampler> others = new ArrayList<>();
        private final Random random = new Random(1);
        private final List<Integer> chosen = new ArrayList<>();
        private boolean clear = true;

        Steady(SamplingOptions options) {
            itself = options.newSampler();
            for (int i = 0; i < 4; i++) {
                others.add(options.newSampler());
            }
        }

        @Override
        public int choose(float[] logits) {
            int token = itself.choose(logits);
            for (Sampler other : others) {
                float[] near = logits.clone();
                for (int i = 0; i < near.length; i++) {
                    near[i] += NOISE * (random.nextFloat() - 0.5f);
                }
                clear &= other.choose(near) == token;
            }
            chosen.add(token);
            return token;
        }
    }
}
