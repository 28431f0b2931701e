package io.rwkv.benchmarks;

import io.rwkv.core.tensor.DType;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What {@link EngineBenchmark} is asked to do.
 *
 * @param zeros the share of hidden units of channel mixes that come out zero, about
 * @param out null to write no file
 * @param work the folder for models
 * @param llama the folder of llama.cpp's libraries, or null to leave it out
 * @param earlier the folder of an earlier build's jars, or null
 * @param result where to write what was measured with the first model and type, which ends it; null to do all
 */
record EngineOptions(List<String> models, List<DType> types, int rounds, int threads, int promptTokens, double zeros,
        Path out, Path work, Path llama, Path earlier, Path result) {
    private static final String USAGE = """
            usage: benchmarks/run engines [OPTIONS]
              --models NAMES   of %s; default rwkv7-0.1b,rwkv7-0.4b,rwkv7-1.5b,rwkv4-169m
              --types TYPES    default F32,F16,BF16,Q8_0,Q4_0
              --rounds N       default 5
              --threads N      for each engine; default 2
              --prompt N       tokens of the prompt; default 512
              --zeros SHARE    of hidden units of channel mixes, about; default 0.8, plain random weights have 0.5
              --out FILE.md    writes the tables there, and plots beside it
              --work FOLDER    where models are made and kept; default benchmarks/target/engines
              --llama FOLDER   of llama.cpp's libraries; default is to download them, none leaves llama.cpp out
              --earlier FOLDER of an earlier build's jars (its benchmarks/target/lib), to be compared with
            """;

    static EngineOptions parse(String[] args) {
        String models = "rwkv7-0.1b,rwkv7-0.4b,rwkv7-1.5b,rwkv4-169m";
        String types = "F32,F16,BF16,Q8_0,Q4_0";
        int rounds = 5;
        int threads = 2;
        int prompt = 512;
        double zeros = 0.8;
        Path out = null;
        Path work = Path.of("benchmarks/target/engines");
        Path llama = null;
        Path earlier = null;
        Path result = null;
        try {
            for (int i = 0; i < args.length; i += 2) {
                if (args[i].equals("--help")) {
                    usage(System.out);
                    System.exit(0);
                }
                String value = args[i + 1];
                switch (args[i]) {
                    case "--models" -> models = value;
                    case "--types" -> types = value;
                    case "--rounds" -> rounds = positive(value);
                    case "--threads" -> threads = positive(value);
                    case "--prompt" -> prompt = positive(value);
                    case "--zeros" -> zeros = Double.parseDouble(value);
                    case "--out" -> out = Path.of(value);
                    case "--work" -> work = Path.of(value);
                    case "--llama" -> llama = value.equals("none") ? null : Path.of(value);
                    case "--earlier" -> earlier = Path.of(value);
                    case "--result" -> result = Path.of(value);
                    default -> throw new IllegalArgumentException("no option " + args[i]);
                }
            }
            List<DType> wanted = new ArrayList<>();
            for (String type : types.split(",")) {
                wanted.add(DType.valueOf(type.toUpperCase(Locale.ROOT)));
            }
            List<String> names = Arrays.asList(models.split(","));
            for (String name : names) {
                if (!RandomCheckpoint.names().contains(name)) {
                    throw new IllegalArgumentException("no model " + name);
                }
            }
            if (earlier != null && threads != Runtime.getRuntime().availableProcessors()) {
                throw new IllegalArgumentException("an earlier build uses all processors, so that --threads must be "
                        + Runtime.getRuntime().availableProcessors() + ", found " + threads);
            }
            if (!(zeros > 0 && zeros < 1)) {
                throw new IllegalArgumentException("expected a share of zeros between 0 and 1, found " + zeros);
            }
            return new EngineOptions(names, wanted, rounds, threads, prompt, zeros, out, work, llama, earlier,
                    result);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            System.err.println(e.getMessage());
            usage(System.err);
            System.exit(2);
            throw e;
        }
    }

    private static void usage(PrintStream out) {
        out.printf(USAGE, String.join(", ", RandomCheckpoint.names()));
    }

    private static int positive(String text) {
        int number = Integer.parseInt(text);
        if (number < 1) {
            throw new IllegalArgumentException("expected a positive number, found " + text);
        }
        return number;
    }
}
