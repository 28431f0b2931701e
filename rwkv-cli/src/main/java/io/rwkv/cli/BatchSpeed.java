package io.rwkv.cli;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** How fast a model decodes several sequences together, beside one. All sizes of batches use the same states. */
final class BatchSpeed {
    private static final double WARM_UP_SECONDS = 2;
    private static final int STATES_EACH = 2; // a call writes into another one
    private static final double GIGA = 1e9;

    private final RwkvModel model;
    private final int[] wanted;
    private final int[] tokens;
    private final int decoded;
    private final Runnable measured;
    private final Map<Integer, double[]> speeds = new TreeMap<>(); // tokens per second in each round
    private final List<RwkvState> states = new ArrayList<>();
    private final List<float[]> logits = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();

    /**
     * @param wanted numbers of sequences, as {@link #checkSizes} accepts them
     * @param tokens to read, over and over
     * @param decoded how many tokens each sequence reads in each round
     * @param measured is run after each measurement, the first of {@link #warmUp} included
     * @throws IllegalArgumentException if the heap cannot hold the states of so many sequences
     */
    BatchSpeed(RwkvModel model, int[] wanted, int[] tokens, int decoded, int rounds, Runnable measured) {
        this.model = model;
        this.wanted = wanted;
        this.tokens = tokens;
        this.decoded = decoded;
        this.measured = measured;
        speeds.put(1, new double[rounds]); // asked for or not: the others are compared with it
        for (int size : wanted) {
            speeds.put(size, new double[rounds]);
        }
        int most = Arrays.stream(wanted).max().orElseThrow();
        int vocabulary = model.config().vocabularySize();
        checkMemory(most, most * (STATES_EACH * RwkvState.byteSize(model.config()) + (long) Float.BYTES * vocabulary));
        for (int i = 0; i < most; i++) {
            states.add(model.newState());
            logits.add(new float[vocabulary]);
            steps.add(Step.of(new int[1], states.get(i)).into(logits.get(i)));
        }
    }

    /** @throws IllegalArgumentException if a number is not positive, or there twice */
    static void checkSizes(int[] sizes) {
        Set<Integer> seen = new HashSet<>();
        for (int size : sizes) {
            if (size < 1) {
                throw new IllegalArgumentException("--batch: expected at least 1 sequence, found " + size);
            }
            if (!seen.add(size)) {
                throw new IllegalArgumentException("--batch: expected different numbers, found " + size + " twice");
            }
        }
    }

    private static void checkMemory(int sequences, long bytes) {
        long most = Runtime.getRuntime().maxMemory();
        if (bytes > most) {
            throw new IllegalArgumentException(String.format(Locale.ROOT,
                    "--batch: expected sequences that fit in the heap of %.1f GB (-Xmx sets it), found %d, whose states and logits need %.1f GB",
                    most / GIGA, sequences, bytes / GIGA));
        }
    }

    /** How many sizes {@link #measure} measures. */
    int sizes() {
        return speeds.size();
    }

    /** For the compiler. */
    void warmUp() {
        long start = System.nanoTime();
        for (int round = 0; round == 0 || System.nanoTime() - start < WARM_UP_SECONDS * GIGA; round++) {
            for (int size : speeds.keySet()) {
                decode(size);
                if (round == 0) {
                    measured.run();
                }
            }
        }
    }

    /** Measures all sizes in turn, in another order each time. */
    void measure(int round) {
        List<Integer> order = new ArrayList<>(speeds.keySet());
        Collections.rotate(order, round);
        if (round % 2 == 1) {
            Collections.reverse(order); // lest one always follow the same other
        }
        for (int size : order) {
            speeds.get(size)[round] = decode(size);
            measured.run();
        }
    }

    /** Tokens per second of all sequences. */
    private double decode(int sequences) {
        List<Step> together = steps.subList(0, sequences);
        states.subList(0, sequences).forEach(RwkvState::reset);
        long start = System.nanoTime();
        for (int i = 0; i < decoded; i++) {
            for (int s = 0; s < sequences; s++) {
                together.get(s).tokens()[0] = tokens[(i + s) % tokens.length];
            }
            model.forward(together);
        }
        return (double) decoded * sequences / Figures.seconds(start);
    }

    /** Of a sequence, after its last token. */
    float[] logits(int sequence) {
        return logits.get(sequence);
    }

    /** For each size asked for, in that order. */
    List<Map<String, Object>> figures() {
        List<Map<String, Object>> all = new ArrayList<>();
        double[] one = speeds.get(1);
        for (int size : wanted) {
            double[] speed = speeds.get(size);
            double[] ratios = new double[speed.length];
            Arrays.setAll(ratios, round -> speed[round] / one[round]);
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("sequences", size);
            figures.put("tokens_per_second", Figures.rounded(Figures.median(speed)));
            // Of each round's: what else the machine does moves it less than the ratio of the medians.
            figures.put("ratio", Figures.rounded(Figures.median(ratios)));
            all.add(figures);
        }
        return all;
    }
}
