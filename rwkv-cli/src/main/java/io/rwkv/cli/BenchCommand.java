package io.rwkv.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Callable;

@Command(name = "bench", mixinStandardHelpOptions = true, description = {
        "Measures how fast a model runs here, beside what this machine's memory allows.",
        "Every round measures all in turn; the figures are medians of the rounds. The share of memory speed is what it would take to read all bytes per token: over 100 %% if weights are skipped."})
final class BenchCommand implements Callable<Integer> {
    private static final double MEGA = 1e6;
    private static final int ALLOCATION_ROUNDS = 3;

    @Mixin
    private ModelOptions options;

    @Option(names = "--rounds", defaultValue = "5", paramLabel = "N", description = "Rounds after one that warms up. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--prompt", defaultValue = "512", paramLabel = "N", description = "Tokens of the prompt. Default: ${DEFAULT-VALUE}.")
    private int promptLength;

    @Option(names = "--tokens", defaultValue = "64", paramLabel = "N", description = "Tokens decoded one by one in each round. Default: ${DEFAULT-VALUE}.")
    private int decoded;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        requirePositive("--rounds", rounds);
        requirePositive("--prompt", promptLength);
        requirePositive("--tokens", decoded);
        long start = System.nanoTime();
        try (RwkvModel model = options.openModel()) {
            double loadSeconds = seconds(start);
            int[] prompt = new Random(1).ints(promptLength, 0, model.config().vocabularySize()).toArray();
            float[] logits = new float[model.config().vocabularySize()];
            start = System.nanoTime();
            model.logits(prompt, model.newState(), logits);
            decode(model, prompt, logits);
            // Warm: at least two seconds, for the compiler.
            while (seconds(start) < 2) {
                decode(model, prompt, logits);
                model.logits(prompt, model.newState(), logits);
            }
            OptionalLong peakMemory = Machine.peakMemory(); // before the arrays that the memory's speed is measured with
            // The ND4J engine takes what its backend takes, whatever the option says.
            int threads = options.threads > 0 && model.engineName().equals("simd")
                    ? options.threads
                    : Runtime.getRuntime().availableProcessors();
            double[] bandwidth = new double[rounds];
            double[] decode = new double[rounds];
            double[] prefill = new double[rounds];
            for (int i = 0; i < rounds; i++) {
                bandwidth[i] = MemoryBandwidth.measure(threads);
                decode[i] = decode(model, prompt, logits);
                start = System.nanoTime();
                model.logits(prompt, model.newState(), logits);
                prefill[i] = promptLength / seconds(start);
            }
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("model", options.file().getFileName().toString());
            figures.put("version", model.config().version().toString());
            figures.put("engine", model.engineName());
            figures.put("cpu", Machine.cpu());
            figures.put("threads", threads);
            figures.put("java", System.getProperty("java.version"));
            figures.put("load_seconds", rounded(loadSeconds));
            figures.put("decode_tokens_per_second", rounded(median(decode)));
            figures.put("prefill_tokens_per_second", rounded(median(prefill)));
            figures.put("prompt_tokens", promptLength);
            figures.put("bytes_per_token", model.weightBytes());
            if (median(bandwidth) > 0) {
                figures.put("memory_bytes_per_second", Math.round(median(bandwidth)));
                figures.put("share_of_memory_speed",
                        rounded(median(decode) * model.weightBytes() / median(bandwidth)));
            }
            model.skippedShare().ifPresent(share -> figures.put("hidden_units_skipped", rounded(share)));
            allocatedPerToken(model, prompt, logits)
                    .ifPresent(bytes -> figures.put("heap_bytes_per_token", bytes));
            peakMemory.ifPresent(bytes -> figures.put("peak_memory_bytes", bytes));
            print(figures);
            return 0;
        }
    }

    private void print(Map<String, Object> figures) throws IOException {
        if (json) {
            System.out.println(new ObjectMapper().writeValueAsString(figures));
            return;
        }
        figures.forEach((name, value) -> {
            String text = switch (name) {
                case "bytes_per_token", "peak_memory_bytes" ->
                    String.format(Locale.ROOT, "%.1f MB", (long) value / MEGA);
                case "memory_bytes_per_second" -> String.format(Locale.ROOT, "%.1f GB", (long) value / MEGA / 1000);
                case "share_of_memory_speed", "hidden_units_skipped" ->
                    String.format(Locale.ROOT, "%.1f %%", 100 * (double) value);
                default -> value.toString();
            };
            System.out.printf("%-26s %s%n", name.replace('_', ' '), text);
        });
    }

    /** Tokens per second, one at a time. */
    private double decode(RwkvModel model, int[] tokens, float[] logits) {
        RwkvState state = model.newState();
        int[] one = new int[1];
        long start = System.nanoTime();
        for (int i = 0; i < decoded; i++) {
            one[0] = tokens[i % tokens.length];
            model.logits(one, state, logits);
        }
        return decoded / seconds(start);
    }

    /** Bytes that the calling thread allocates on the Java heap for a token; the least of some tries, since compiling adds to it. */
    private OptionalLong allocatedPerToken(RwkvModel model, int[] tokens, float[] logits) {
        if (!(ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads)) {
            return OptionalLong.empty();
        }
        long least = Long.MAX_VALUE;
        for (int i = 0; i < ALLOCATION_ROUNDS; i++) {
            least = Math.min(least, allocatedInRound(threads, model, tokens, logits));
        }
        return OptionalLong.of(least);
    }

    private long allocatedInRound(ThreadMXBean threads, RwkvModel model, int[] tokens, float[] logits) {
        RwkvState state = model.newState();
        int[] one = {tokens[0]};
        model.logits(one, state, logits); // what a first call makes and later ones use
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < decoded; i++) {
            one[0] = tokens[i % tokens.length];
            model.logits(one, state, logits);
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / decoded;
    }

    private static double seconds(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** To three decimals; what is no number is no figure either, and JSON cannot say it. */
    private static double rounded(double value) {
        if (!Double.isFinite(value)) {
            throw new ArithmeticException("a figure came out as " + value + "; measure with more --tokens or --rounds");
        }
        return Math.round(1000 * value) / 1000.0;
    }

    private static void requirePositive(String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + ": expected at least 1, found " + value);
        }
    }
}
