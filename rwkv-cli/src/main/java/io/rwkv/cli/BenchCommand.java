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
import java.util.LinkedHashMap;
import java.util.List;
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
    private static final int MEASUREMENTS = 3; // in each round: memory, decoding, prompt

    @Mixin
    private ModelOptions options;

    @Option(names = "--rounds", defaultValue = "5", paramLabel = "N", description = "Rounds after one that warms up. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--prompt", defaultValue = "512", paramLabel = "N", description = "Tokens of the prompt. Default: ${DEFAULT-VALUE}.")
    private int promptLength;

    @Option(names = "--tokens", defaultValue = "64", paramLabel = "N", description = "Tokens decoded one by one in each round. Default: ${DEFAULT-VALUE}.")
    private int decoded;

    @Option(names = "--batch", split = ",", paramLabel = "N", description = "Also decode so many sequences together, the logits of all computed: tokens/s of all, and the ratio to one. Numbers separated by commas, such as 1,8,32. Each sequence decodes --tokens in each round. Each takes twice the memory of a state, and that of the logits, on the heap.")
    private int[] batchSizes;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    private Progress progress;
    private int measurements;
    private int done;

    @Override
    public Integer call() throws IOException, InterruptedException {
        requirePositive("--rounds", rounds);
        requirePositive("--prompt", promptLength);
        requirePositive("--tokens", decoded);
        if (batchSizes != null) {
            BatchSpeed.checkSizes(batchSizes);
        }
        long start = System.nanoTime();
        try (RwkvModel model = options.openModel()) {
            double loadSeconds = Figures.seconds(start);
            int[] prompt = new Random(1).ints(promptLength, 0, model.config().vocabularySize()).toArray();
            float[] logits = new float[model.config().vocabularySize()];
            warmUp(model, prompt, logits);
            OptionalLong peakMemory = Machine.peakMemory(); // before the arrays that the memory's speed is measured with
            // The ND4J engine takes what its backend takes, whatever the option says.
            int threads = options.threads > 0 && model.engineName().equals("simd")
                    ? options.threads
                    : Runtime.getRuntime().availableProcessors();
            double[] bandwidth = new double[rounds];
            double[] decode = new double[rounds];
            double[] prefill = new double[rounds];
            BatchSpeed batches = batchSizes == null
                    ? null
                    : new BatchSpeed(model, batchSizes, prompt, decoded, rounds, this::measured);
            measurements = rounds * MEASUREMENTS + (batches == null ? 0 : (rounds + 1) * batches.sizes())
                    + ALLOCATION_ROUNDS;
            OptionalLong allocated;
            try (Progress measuring = Progress.of("measuring", "measurements")) {
                progress = measuring;
                if (batches != null) {
                    batches.warmUp();
                }
                for (int i = 0; i < rounds; i++) {
                    bandwidth[i] = MemoryBandwidth.measure(threads);
                    measured();
                    decode[i] = decode(model, prompt, logits);
                    measured();
                    long before = System.nanoTime();
                    model.logits(prompt, model.newState(), logits);
                    prefill[i] = promptLength / Figures.seconds(before);
                    measured();
                    if (batches != null) {
                        batches.measure(i);
                    }
                }
                allocated = allocatedPerToken(model, prompt, logits);
            }
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("model", options.file().getFileName().toString());
            figures.put("version", model.config().version().toString());
            figures.put("engine", model.engineName());
            figures.put("cpu", Machine.cpu());
            figures.put("threads", threads);
            figures.put("java", System.getProperty("java.version"));
            figures.put("load_seconds", Figures.rounded(loadSeconds));
            figures.put("decode_tokens_per_second", Figures.rounded(Figures.median(decode)));
            figures.put("prefill_tokens_per_second", Figures.rounded(Figures.median(prefill)));
            figures.put("prompt_tokens", promptLength);
            figures.put("bytes_per_token", model.weightBytes());
            if (Figures.median(bandwidth) > 0) {
                figures.put("memory_bytes_per_second", Math.round(Figures.median(bandwidth)));
                figures.put("share_of_memory_speed",
                        Figures.rounded(Figures.median(decode) * model.weightBytes() / Figures.median(bandwidth)));
            }
            model.skippedShare().ifPresent(share -> figures.put("hidden_units_skipped", Figures.rounded(share)));
            allocated.ifPresent(bytes -> figures.put("heap_bytes_per_token", bytes));
            peakMemory.ifPresent(bytes -> figures.put("peak_memory_bytes", bytes));
            if (batches != null) {
                figures.put("state_bytes", RwkvState.byteSize(model.config()));
                figures.put("batch", batches.figures());
            }
            print(figures);
            return 0;
        }
    }

    /** At least two seconds, for the compiler. */
    private void warmUp(RwkvModel model, int[] prompt, float[] logits) {
        try (Progress warming = Progress.of("warming up", "rounds")) {
            long start = System.nanoTime();
            int warm = 0;
            do {
                model.logits(prompt, model.newState(), logits);
                decode(model, prompt, logits);
                warming.report(++warm, Progress.UNKNOWN);
            } while (Figures.seconds(start) < 2);
        }
    }

    private void print(Map<String, Object> figures) throws IOException {
        if (json) {
            System.out.println(new ObjectMapper().writeValueAsString(figures));
            return;
        }
        figures.forEach((name, value) -> {
            if (value instanceof List<?> batches) {
                batches.forEach(batch -> printBatch((Map<?, ?>) batch));
                return;
            }
            String text = switch (name) {
                case "bytes_per_token", "peak_memory_bytes" ->
                    String.format(Locale.ROOT, "%.1f MB", (long) value / MEGA);
                case "memory_bytes_per_second" -> String.format(Locale.ROOT, "%.1f GB", (long) value / MEGA / 1000);
                case "share_of_memory_speed", "hidden_units_skipped" ->
                    String.format(Locale.ROOT, "%.1f %%", 100 * (double) value);
                default -> value.toString();
            };
            print(name.replace('_', ' '), text);
        });
    }

    private static void printBatch(Map<?, ?> batch) {
        print("batch of " + batch.get("sequences"),
                batch.get("tokens_per_second") + " tokens/s, ratio " + batch.get("ratio"));
    }

    private static void print(String name, Object text) {
        System.out.printf("%-26s %s%n", name, text);
    }

    private void measured() {
        progress.report(++done, measurements);
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
        return decoded / Figures.seconds(start);
    }

    /** Bytes that the calling thread allocates on the Java heap for a token; the least of some tries, since compiling adds to it. */
    private OptionalLong allocatedPerToken(RwkvModel model, int[] tokens, float[] logits) {
        if (!(ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads)) {
            return OptionalLong.empty();
        }
        long least = Long.MAX_VALUE;
        for (int i = 0; i < ALLOCATION_ROUNDS; i++) {
            least = Math.min(least, allocatedInRound(threads, model, tokens, logits));
            measured();
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

    private static void requirePositive(String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + ": expected at least 1, found " + value);
        }
    }
}
