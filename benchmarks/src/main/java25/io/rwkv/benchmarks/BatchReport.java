package io.rwkv.benchmarks;

import static io.rwkv.benchmarks.EngineResult.median;
import static io.rwkv.benchmarks.EngineResult.ratio;
import static io.rwkv.benchmarks.Report.row;
import static io.rwkv.benchmarks.Report.rule;
import static io.rwkv.benchmarks.Report.sigmas;
import static io.rwkv.benchmarks.Report.speed;
import static io.rwkv.benchmarks.Report.times;

import io.rwkv.benchmarks.EngineResult.Who;
import io.rwkv.cli.Machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tables and the plot of {@link BatchBenchmark}. */
final class BatchReport {
    private static final String MARK = "<!-- What follows is written by benchmarks/run batch. -->";

    private final BatchOptions options;
    private final String llamaVersion;
    private final String load;
    private final List<BatchResult> results = new ArrayList<>();

    /** @param llamaVersion null if it is left out */
    BatchReport(BatchOptions options, String llamaVersion) throws IOException {
        Report.check(options.out(), MARK);
        this.load = Machine.load();
        this.options = options;
        this.llamaVersion = llamaVersion;
    }

    void add(BatchResult result) {
        results.add(result);
    }

    /** Writes the tables, and the plot beside them. */
    void write(Path file) throws IOException {
        String plot = file.getFileName().toString().replaceFirst("\\.[^.]*$", "") + ".svg";
        Report.write(file, MARK, markdown() + "\n![Decoding together](" + plot + ")\n");
        Files.writeString(file.resolveSibling(plot), plot());
    }

    String markdown() throws IOException {
        StringBuilder out = new StringBuilder();
        out.append(Report.measured(options, llamaVersion, load, results.stream().map(r -> r.bandwidth)));
        out.append(String.format(Locale.ROOT,
                "`benchmarks/run batch --models %s --types %s --sizes %s --zeros %s --rounds %d`%n%n",
                joined(options.models()), joined(options.types()), joined(options.sizes()), options.zeros(),
                options.rounds()));
        decode(out);
        agreement(out);
        earlier(out);
        return out.toString();
    }

    private static String joined(List<?> values) {
        return values.stream().map(Object::toString).collect(Collectors.joining(","));
    }

    private void decode(StringBuilder out) {
        out.append("## Tokens/s of all sequences\n\n");
        row(out, "model", "type", "sequences", "all weights read", "times one", "zeros skipped", "times one",
                "llama.cpp", "times one", "all weights / llama.cpp", "skipping / llama.cpp");
        rule(out, 11);
        for (BatchResult r : results) {
            for (int sequences : options.sizes()) {
                double[] all = r.speeds(sequences, Who.ALL);
                double[] skipping = r.speeds(sequences, Who.SKIPPING);
                double[] llama = r.speeds(sequences, Who.LLAMA);
                row(out, r.model, r.type.toString(), Integer.toString(sequences), speed(median(all)),
                        times(ratio(all, r.speeds(1, Who.ALL))), speed(median(skipping)),
                        times(ratio(skipping, r.speeds(1, Who.SKIPPING))), speed(median(llama)),
                        times(ratio(llama, r.speeds(1, Who.LLAMA))), times(ratio(all, llama)),
                        times(ratio(skipping, llama)));
            }
        }
        out.append("\n");
    }

    private void agreement(StringBuilder out) {
        out.append("## Differences of logits\n\n");
        row(out, "model", "type", "SIMD: together and alone", "zeros skipped: together and alone",
                "llama.cpp: together and alone", "SIMD and llama.cpp, together");
        rule(out, 6);
        for (BatchResult r : results) {
            row(out, r.model, r.type.toString(), togetherAndAlone(r, Who.ALL), togetherAndAlone(r, Who.SKIPPING),
                    togetherAndAlone(r, Who.LLAMA), sigmas(r.toLlama));
        }
        out.append("\n");
    }

    private static String togetherAndAlone(BatchResult result, Who who) {
        return sigmas(result.togetherAndAlone.getOrDefault(who, Double.NaN));
    }

    private void earlier(StringBuilder out) {
        if (options.earlier() == null) {
            return;
        }
        out.append("## Beside an earlier build, both with zeros skipped\n\n");
        row(out, "model", "type", "sequences", "tokens/s", "earlier", "ratio");
        rule(out, 6);
        for (BatchResult r : results) {
            for (int sequences : options.sizes()) {
                double[] now = r.speeds(sequences, Who.SKIPPING);
                // A model too large to be held twice is not measured without skipping.
                now = now == null ? r.speeds(sequences, Who.ALL) : now;
                double[] earlier = r.speeds(sequences, Who.EARLIER);
                row(out, r.model, r.type.toString(), Integer.toString(sequences), speed(median(now)),
                        speed(median(earlier)), times(ratio(now, earlier)));
            }
        }
        out.append("\n");
    }

    private String plot() {
        List<Who> shown = Stream.of(Who.values()).filter(who -> who != Who.ND4J).toList();
        BarChart chart = new BarChart("Decoding together, tokens/s of all sequences",
                shown.stream().map(who -> who.title).toArray(String[]::new), null);
        Map<String, List<BatchResult>> byModel = new LinkedHashMap<>();
        results.forEach(r -> byModel.computeIfAbsent(r.model, m -> new ArrayList<>()).add(r));
        byModel.forEach((model, some) -> {
            chart.panel(model);
            for (BatchResult r : some) {
                for (int sequences : options.sizes()) {
                    chart.group(r.type + " × " + sequences,
                            shown.stream().mapToDouble(who -> median(r.speeds(sequences, who))).toArray(),
                            Double.NaN);
                }
            }
        });
        return chart.svg();
    }
}
