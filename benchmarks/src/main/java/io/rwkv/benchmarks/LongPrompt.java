package io.rwkv.benchmarks;

import io.rwkv.cli.Machine;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Rwkv;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Random;

/**
 * Prompts of growing length in one call each: neither the process's peak memory nor the time of a token after them should
 * grow with them.
 */
public final class LongPrompt {
    private static final int ROUNDS = 15;
    private static final int DECODED = 40;

    private LongPrompt() {
    }

    /** @param args checkpoint, then optionally the longest prompt (20000) */
    public static void main(String[] args) throws IOException {
        int longest = args.length > 1 ? Integer.parseInt(args[1]) : 20_000;
        int[] lengths = {Math.max(1, longest / 100), Math.max(1, longest / 10), longest};
        try (RwkvModel model = Rwkv.open(Path.of(args[0]))) {
            List<RwkvState> states = new ArrayList<>();
            List<String> rows = new ArrayList<>();
            for (int length : lengths) {
                int[] prompt = new Random(2).ints(length, 0, model.config().vocabularySize()).toArray();
                RwkvState state = model.newState();
                long start = System.nanoTime();
                float[] logits = model.logits(prompt, state);
                double seconds = (System.nanoTime() - start) / 1e9;
                boolean finite = true;
                for (float logit : logits) {
                    finite &= Float.isFinite(logit);
                }
                states.add(state);
                rows.add(String.format(Locale.ROOT, "| %d | %.1f | %.0f | %s | %s |", length, seconds,
                        length / seconds, peakMemory(), finite ? "finite" : "NOT FINITE"));
            }
            // In turns, since a shared machine changes its speed from second to second.
            double[][] speeds = new double[lengths.length][ROUNDS];
            for (int round = -2; round < ROUNDS; round++) {
                for (int i = 0; i < lengths.length; i++) {
                    double speed = decode(model, states.get(i));
                    if (round >= 0) {
                        speeds[i][round] = speed;
                    }
                }
            }
            System.out.println("engine " + model.engineName());
            System.out.println("| tokens in one call | seconds | tokens/s | peak memory of the process so far | logits"
                    + " | tokens/s one by one after them, median (best) of " + ROUNDS + " rounds |");
            System.out.println("|---|---|---|---|---|---|");
            for (int i = 0; i < lengths.length; i++) {
                Arrays.sort(speeds[i]);
                System.out.printf(Locale.ROOT, "%s %.1f (%.1f) |%n", rows.get(i), speeds[i][ROUNDS / 2],
                        speeds[i][ROUNDS - 1]);
            }
            System.out.println("peak memory at the end: " + peakMemory());
        }
    }

    /** Tokens per second. */
    private static double decode(RwkvModel model, RwkvState state) {
        float[] logits = new float[model.config().vocabularySize()];
        int[] one = {1};
        long start = System.nanoTime();
        for (int i = 0; i < DECODED; i++) {
            one[0] = 1 + i;
            model.logits(one, state, logits);
        }
        return DECODED / ((System.nanoTime() - start) / 1e9);
    }

    private static String peakMemory() throws IOException {
        OptionalLong bytes = Machine.peakMemory();
        return bytes.isEmpty() ? "unknown" : String.format(Locale.ROOT, "%.0f MB", bytes.getAsLong() / 1e6);
    }
}
