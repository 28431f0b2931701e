package io.rwkv.benchmarks;

import io.rwkv.core.tensor.DType;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;

/** What a comparison of engines is asked to do: the options that all comparisons have. */
abstract class ComparisonOptions {
    private static final String USAGE = """
            usage: benchmarks/run %s [OPTIONS]
              --models NAMES   of %s; default %s
              --types TYPES    default %s
            %s  --rounds N       default %d
              --threads N      for each engine; default %d
              --zeros SHARE    of hidden units of channel mixes, about; default %s, plain random weights have 0.5
              --out FILE.md    writes the tables there, and plots beside it
              --work FOLDER    where models are made and kept; default benchmarks/target/engines
              --llama FOLDER   of llama.cpp's libraries; default is to download them, none leaves llama.cpp out
              --earlier FOLDER of an earlier build's jars (its benchmarks/target/lib), to be compared with
            """;

    private final String usage;
    private List<String> models;
    private List<DType> types;
    private int rounds = 5;
    private int threads = 2;
    private double zeros;
    private Path out;
    private Path work = Path.of("benchmarks/target/engines");
    private Path llama;
    private Path earlier;
    private Path result;

    /**
     * The defaults.
     *
     * @param program its name for {@code benchmarks/run}
     * @param ownUsage the lines about the program's own options
     */
    ComparisonOptions(String program, String models, String types, double zeros, String ownUsage) {
        this.models = models(models);
        this.types = types(types);
        this.zeros = zeros;
        this.usage = String.format(Locale.ROOT, USAGE, program, String.join(", ", RandomCheckpoint.names()), models,
                types, ownUsage, rounds, threads, zeros);
    }

    /** Takes an option of the program's own; false if it has no such. */
    abstract boolean take(String option, String value);

    /** Of an option that comes twice the last counts. Ends the program after {@code --help} and for wrong usage. */
    final void parse(String[] args) {
        try {
            for (int i = 0; i < args.length; i += 2) {
                if (args[i].equals("--help")) {
                    usage(System.out);
                    System.exit(0);
                }
                if (i + 1 == args.length) {
                    throw new IllegalArgumentException(args[i] + ": expected a value, found none");
                }
                try {
                    set(args[i], args[i + 1]);
                } catch (NumberFormatException e) {
                    throw new IllegalArgumentException(args[i] + ": expected a number, found " + args[i + 1], e);
                }
            }
            if (earlier != null && threads != Runtime.getRuntime().availableProcessors()) {
                throw new IllegalArgumentException("an earlier build uses all processors, so that --threads must be "
                        + Runtime.getRuntime().availableProcessors() + ", found " + threads);
            }
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            usage(System.err);
            System.exit(2);
        }
    }

    private void set(String option, String value) {
        switch (option) {
            case "--models" -> models = models(value);
            case "--types" -> types = types(value);
            case "--rounds" -> rounds = positive(option, value);
            case "--threads" -> threads = positive(option, value);
            case "--zeros" -> {
                zeros = Double.parseDouble(value);
                if (!(zeros > 0 && zeros < 1)) {
                    throw new IllegalArgumentException(
                            "expected a share of zeros between 0 and 1, found " + value);
                }
            }
            case "--out" -> out = Path.of(value);
            case "--work" -> work = Path.of(value);
            case "--llama" -> llama = value.equals("none") ? null : Path.of(value);
            case "--earlier" -> earlier = Path.of(value);
            case "--result" -> result = Path.of(value);
            default -> {
                if (!take(option, value)) {
                    throw new IllegalArgumentException("no option " + option);
                }
            }
        }
    }

    private void usage(PrintStream to) {
        to.print(usage);
    }

    private static List<String> models(String names) {
        List<String> models = List.of(names.split(","));
        for (String name : models) {
            if (!RandomCheckpoint.names().contains(name)) {
                throw new IllegalArgumentException("no model " + name);
            }
        }
        return models;
    }

    private static List<DType> types(String names) {
        List<DType> types = new ArrayList<>();
        for (String type : names.split(",")) {
            types.add(DType.valueOf(type.toUpperCase(Locale.ROOT)));
        }
        return types;
    }

    static int positive(String option, String text) {
        int number = Integer.parseInt(text);
        if (number < 1) {
            throw new IllegalArgumentException(option + ": expected a positive number, found " + text);
        }
        return number;
    }

    /** Different positive numbers, separated by commas. */
    static List<Integer> differentPositive(String option, String text) {
        List<Integer> numbers = new ArrayList<>();
        for (String number : text.split(",", -1)) {
            numbers.add(positive(option, number));
        }
        if (new HashSet<>(numbers).size() < numbers.size()) {
            throw new IllegalArgumentException(option + ": expected different numbers, found " + text);
        }
        return numbers;
    }

    /** A checkpoint with random weights, made unless it is there. */
    Path checkpoint(String model, DType type) throws IOException {
        Files.createDirectories(work);
        Path file = work.resolve(String.format(Locale.ROOT, "%s-zeros%.2f-%s.gguf", model, zeros, type));
        if (!Files.exists(file)) {
            System.err.printf(Locale.ROOT, "%s %s: making %s%n", model, type, file);
            RandomCheckpoint.write(model, file, type, zeros);
        }
        return file;
    }

    List<String> models() {
        return models;
    }

    List<DType> types() {
        return types;
    }

    int rounds() {
        return rounds;
    }

    int threads() {
        return threads;
    }

    /** The share of hidden units of channel mixes that come out zero, about. */
    double zeros() {
        return zeros;
    }

    /** Null to write no file. */
    Path out() {
        return out;
    }

    /** The folder of llama.cpp's libraries, or null to leave it out. */
    Path llama() {
        return llama;
    }

    /** The folder of an earlier build's jars, or null. */
    Path earlier() {
        return earlier;
    }

    /** Where to write what was measured with the first model and type, which ends it; null to do all. */
    Path result() {
        return result;
    }
}
