package io.rwkv.benchmarks;

import io.rwkv.cli.Machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;

/** What the reports of all comparisons have in common. A NaN is shown as a dash. */
final class Report {
    private Report() {
    }

    /**
     * Checks, before anything is measured, that a report can be written without losing what a person wrote.
     *
     * @param file null if none is to be written
     * @param mark the line after which all is the program's
     */
    static void check(Path file, String mark) throws IOException {
        if (file != null && Files.exists(file) && !Files.readString(file).contains(mark)) {
            throw new IOException(file + ": expected a line \"" + mark + "\", after which all is replaced, found none");
        }
    }

    /** Writes a report. In a file that is there, only what comes after the mark is replaced; {@link #check} it before. */
    static void write(Path file, String mark, String markdown) throws IOException {
        check(file, mark);
        String old = Files.exists(file) ? Files.readString(file) : mark;
        Files.writeString(file, old.substring(0, old.indexOf(mark)) + mark + "\n\n" + markdown);
    }

    /**
     * When, where and with what it was measured.
     *
     * @param llamaVersion null if it is left out
     * @param load of the machine, before
     * @param bandwidths bytes per second in each round of each result; at least one
     */
    static String measured(ComparisonOptions options, String llamaVersion, String load, Stream<double[]> bandwidths)
            throws IOException {
        double[] bandwidth = bandwidths.flatMapToDouble(Arrays::stream).sorted().toArray();
        return String.format(Locale.ROOT,
                "Measured %s: %s, %d of %d processors, %s %s, %s, %d rounds. Memory read by %d threads: median %.1f GB/s,"
                        + " from %.1f to %.1f. Load before the run: %s.%n%n",
                LocalDate.now(), Machine.cpu(), options.threads(), Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.vendor"), Runtime.version(),
                llamaVersion == null ? "without llama.cpp" : "llama.cpp " + llamaVersion, options.rounds(),
                options.threads(), EngineResult.median(bandwidth) / 1e9, bandwidth[0] / 1e9,
                bandwidth[bandwidth.length - 1] / 1e9, load);
    }

    static void row(StringBuilder out, String... cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    static void rule(StringBuilder out, int columns) {
        out.append("|").append("---|".repeat(columns)).append("\n");
    }

    static String speed(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, value < 100 ? "%.1f" : "%.0f", value);
    }

    static String share(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.0f %%", 100 * value);
    }

    static String times(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.2f", value);
    }

    /** Standard deviations. */
    static String sigmas(double value) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.4f σ", value);
    }
}
