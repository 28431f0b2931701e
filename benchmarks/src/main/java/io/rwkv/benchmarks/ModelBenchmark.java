package io.rwkv.benchmarks;

import io.rwkv.core.RwkvConfig;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvOptions;
import io.rwkv.core.RwkvState;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.Checkpoints;
import io.rwkv.loader.Rwkv;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * One model on this machine: load time, decoding against the memory's limit, reading a prompt in the parallel form against
 * the recurrent form, peak memory. Rounds alternate, so that whatever else the machine does meets all of them.
 */
public final class ModelBenchmark {
    private static final int DECODE_TOKENS = 64;

    private ModelBenchmark() {
    }

    /** @param args checkpoint, then optionally prompt length (512) and rounds (5) */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length < 1) {
            System.err.println("usage: ModelBenchmark CHECKPOINT [PROMPT_TOKENS [ROUNDS]]");
            System.exit(2);
        }
        Path path = Path.of(args[0]);
        int promptLength = args.length > 1 ? Integer.parseInt(args[1]) : 512;
        int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 5;
        int threads = Runtime.getRuntime().availableProcessors();

        long start = System.nanoTime();
        TensorFile file = Checkpoints.open(path);
        double openSeconds = seconds(start);
        start = System.nanoTime();
        try (RwkvModel model = Rwkv.open(path, RwkvOptions.defaults())) {
            double loadSeconds = seconds(start);
            RwkvConfig config = model.config();
            double bytes = 4.0 * weightsPerToken(file);
            int[] prompt = new Random(1).ints(promptLength, 0, config.vocabularySize()).toArray();
            double[] decode = new double[rounds];
            double[] recurrent = new double[rounds];
            double[] parallel = new double[rounds];
            double[] bandwidth = new double[rounds];
            decode(model, prompt, DECODE_TOKENS);
            model.logits(prompt, model.newState());
            String peakMemory = Machine.peakMemory(); // before the arrays that the memory's speed is measured with
            for (int i = 0; i < rounds; i++) {
                bandwidth[i] = MemoryBandwidth.measure(threads);
                decode[i] = decode(model, prompt, DECODE_TOKENS);
                recurrent[i] = decode(model, prompt, promptLength);
                start = System.nanoTime();
                model.logits(prompt, model.newState());
                parallel[i] = promptLength / seconds(start);
                System.err.printf(Locale.ROOT, "round %d of %d%n", i + 1, rounds);
            }
            double limit = median(bandwidth) / bytes;
            print("machine", Machine.cpu() + ", " + threads + " threads, Java " + System.getProperty("java.version"));
            print("model",
                    path.getFileName() + ", " + config.version() + ", " + model.engineName() + " engine, float32");
            print("open file", "%.3f s", openSeconds);
            print("load model", "%.2f s (first use of the engine included)", loadSeconds);
            print("memory read", "%.1f GB/s", median(bandwidth) / 1e9);
            print("weights read per token", "%.0f MB, so at most %.1f tokens/s", bytes / 1e6, limit);
            print("decode", "%.1f tokens/s, %.0f %% of the limit", median(decode), 100 * median(decode) / limit);
            print("prompt, recurrent", "%.1f tokens/s", median(recurrent));
            print("prompt, parallel", "%.1f tokens/s, %.1f times the recurrent form", median(parallel),
                    median(parallel) / median(recurrent));
            print("peak memory of the process", peakMemory);
        }
    }

    /** Tokens per second, one at a time. */
    private static double decode(RwkvModel model, int[] tokens, int count) {
        RwkvState state = model.newState();
        int[] one = new int[1];
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            one[0] = tokens[i % tokens.length];
            model.logits(one, state);
        }
        return count / seconds(start);
    }

    /** All but the embedding, of which a token reads one row. */
    private static long weightsPerToken(TensorFile file) {
        return file.names().stream().filter(n -> !n.equals("emb.weight"))
                .mapToLong(n -> file.tensor(n).elementCount()).sum();
    }

    private static double seconds(long startNanos) {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    private static void print(String what, String format, Object... values) {
        System.out.printf(Locale.ROOT, "| %s | %s |%n", what, String.format(Locale.ROOT, format, values));
    }
}
