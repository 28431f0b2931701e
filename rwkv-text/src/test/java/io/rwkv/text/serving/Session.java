package io.rwkv.text.serving;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.text.TinyModel;
import io.rwkv.text.generation.Generation;
import io.rwkv.text.generation.GenerationOptions;
import io.rwkv.text.generation.TextGenerator;
import io.rwkv.text.sampling.Sampler;
import io.rwkv.tokenizer.Tokenizer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** One random request, and what it comes to when it runs alone. */
final class Session {
    /** How it ends, if not by itself. */
    enum End {
        ITSELF, CANCEL, CONDITION, DEADLINE, THROW
    }

    private static final String LETTERS = "abcdefgh \n";
    private static final int[] CHOICES = ("abcdefgh \n" + "é").chars().map(c -> c > 127 ? 0xC3 + 1 : c + 1).toArray();
    private static final double MARGIN = 1e-3;

    final End end;
    final int at; // where it ends: a number of pieces, questions or microseconds
    final boolean slow;
    final ServiceRequest request;
    final RwkvState state; // its own, if it has one
    final String expected;
    final String whole; // what it would write without stop strings
    private final RwkvModel model;
    private final RwkvState before;
    private final RwkvState after;
    private final Generation.Request endless;
    private final int[] prompt;
    private final List<String> texts = new ArrayList<>(); // after each token
    private int asked;

    /** @param firstLongToken the first of four tokens of several characters */
    Session(RwkvModel model, Tokenizer tokenizer, Random random, int firstLongToken) {
        this.model = model;
        this.end = random.nextInt(5) < 3 ? End.ITSELF : End.values()[random.nextInt(End.values().length)];
        this.at = random.nextInt(20);
        this.slow = random.nextInt(10) == 0;
        this.prompt = prompt(random);
        boolean own = random.nextBoolean();
        RwkvState begun = model.newState();
        if (own && random.nextBoolean()) {
            model.logits(prompt(random), begun);
        }
        this.before = begun;
        this.state = own ? begun.copy() : null;
        int maxTokens = random.nextInt(18);
        List<String> stops = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            stops.add("" + letter(random) + letter(random) + (random.nextBoolean() ? letter(random) : ""));
        }
        TextGenerator generator = new TextGenerator(model, tokenizer);
        GenerationOptions plain;
        Choices choices;
        do { // rounding must not decide: beside others, numbers may differ in their last bits
            long seed = random.nextLong();
            choices = new Choices(seed, firstLongToken);
            Choices recording = choices;
            GenerationOptions.Builder options = GenerationOptions.builder().maxTokens(maxTokens);
            generator.request(prompt).options(options.sampler(() -> recording).build()).state(before.copy()).run();
            plain = options.sampler(() -> new Choices(seed, firstLongToken)).build();
        } while (choices.margin < MARGIN);
        for (int n = 0; n <= choices.chosen.size(); n++) {
            int[] chosen = choices.chosen.subList(0, n).stream().mapToInt(i -> i).toArray();
            texts.add(tokenizer.decode(chosen).replaceAll("\uFFFD$", ""));
        }
        this.whole = texts.get(texts.size() - 1);
        this.endless = generator.request(prompt).options(plain);
        this.after = before.copy();
        Generation.Request alone = endless.stop(stops.toArray(new String[0]));
        this.expected = alone.state(after).run().text();
        Generation.Request asks = end == End.CONDITION ? alone.cancelledWhen(() -> asked++ >= at) : alone;
        ServiceRequest wanted = ServiceRequest.of(own ? asks.state(state) : asks).priority(random.nextInt(3))
                .caller("caller " + random.nextInt(4));
        this.request = end == End.DEADLINE ? wanted.deadline(Duration.ofNanos(1000L * (1 + at * 500))) : wanted;
    }

    private static char letter(Random random) {
        return LETTERS.charAt(random.nextInt(LETTERS.length()));
    }

    private static int[] prompt(Random random) {
        int[] tokens = new int[1 + random.nextInt(random.nextInt(8) == 0 ? 300 : 30)];
        int known = random.nextInt(4); // some begin as others do
        Arrays.setAll(tokens, i -> known > 0 && i < 20 ? 30 * known + i : 1 + random.nextInt(250));
        return tokens;
    }

    /** Whether the session's state is where this text and result say; true if it has none, or if that cannot be known. */
    boolean stateEndsWith(String text, Generation result) {
        if (state == null || end == End.THROW) {
            return true;
        }
        if (result != null && result.promptTokens() < prompt.length) {
            RwkvState partly = before.copy();
            if (result.promptTokens() > 0) {
                model.logits(Arrays.copyOf(prompt, result.promptTokens()), partly);
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

    private boolean near(RwkvState other) {
        return TinyModel.difference(other, state) < 1e-3;
    }

    /** Of a few random tokens, the likeliest; takes note of how clearly. */
    private static final class Choices implements Sampler {
        private final Random random;
        private final int firstLongToken;
        private final List<Integer> chosen = new ArrayList<>();
        private double margin = Double.MAX_VALUE;

        Choices(long seed, int firstLongToken) {
            this.random = new Random(seed);
            this.firstLongToken = firstLongToken;
        }

        @Override
        public int choose(float[] logits) {
            int best = -1;
            float second = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < 6; i++) {
                int kind = random.nextInt(20);
                int token = kind == 0
                        ? 0
                        : kind < 4 ? firstLongToken + random.nextInt(4) : CHOICES[random.nextInt(CHOICES.length)];
                if (best < 0 || logits[token] > logits[best]) {
                    second = best < 0 ? second : logits[best];
                    best = token;
                } else if (token != best) {
                    second = Math.max(second, logits[token]);
                }
            }
            margin = Math.min(margin, logits[best] - (double) second);
            chosen.add(best);
            return best;
        }
    }
}
