package io.rwkv.benchmarks;

import static io.rwkv.benchmarks.EngineResult.median;
import static io.rwkv.benchmarks.EngineResult.ratio;
import static io.rwkv.benchmarks.Report.row;
import static io.rwkv.benchmarks.Report.rule;
import static io.rwkv.benchmarks.Report.share;
import static io.rwkv.benchmarks.Report.sigmas;
import static io.rwkv.benchmarks.Report.speed;
import static io.rwkv.benchmarks.Report.times;

import io.rwkv.benchmarks.EngineResult.Who;
import io.rwkv.cli.Machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** The tables and plots of {@link EngineBenchmark}. */
final class EngineReport {
    private static final String MARK = "<!-- What follows is written by benchmarks/run engines. -->";

    private final EngineOptions options;
    private final String llamaVersion;
    private final String load;
    private final List<EngineResult> results = new ArrayList<>();

    /** @param llamaVersion null if it is left out */
    EngineReport(EngineOptions options, String llamaVersion) throws IOException {
        Report.check(options.out(), MARK);
        this.load = Machine.load();
        this.options = options;
        this.llamaVersion = llamaVersion;
    }

    void add(EngineResult result) {
        results.add(result);
    }

    /** Writes the tables, and the plots beside them. */
    void write(Path file) throws IOException {
        String stem = file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
        String decode = stem + "-decode.svg";
        String prompt = stem + "-prompt.svg";
        Report.write(file, MARK, markdown() + "\n![Decoding](" + decode + ")\n\n![Prompt](" + prompt + ")\n");
        Files.writeString(file.resolveSibling(decode), plot("Decoding, tokens/s", r -> r.decode, true));
        Files.writeString(file.resolveSibling(prompt),
                plot("Prompt of " + options.promptTokens() + ", tokens/s", r -> r.prefill, false));
    }

    String markdown() throws IOException {
        StringBuilder out = new StringBuilder();
        out.append(Report.measured(options, llamaVersion, load, results.stream().map(r -> r.bandwidth)));
        decode(out);
        prompt(out);
        nd4j(out);
        earlier(out);
        return out.toString();
    }

    private void decode(StringBuilder out) {
        out.append("## Decoding\n\n");
        row(out, "model", "type", "MB per token", "limit, tokens/s", "all weights read", "of the limit",
                "zeros skipped",
                "of the limit", "units skipped", "llama.cpp", "all weights / llama.cpp", "skipping / llama.cpp");
        rule(out, 12);
        for (EngineResult r : results) {
            double[] all = r.decode.get(Who.ALL);
            double[] skipping = r.decode.get(Who.SKIPPING);
            double[] llama = r.decode.get(Who.LLAMA);
            row(out, r.model, r.type.toString(), String.format(Locale.ROOT, "%.0f", r.weightBytes / 1e6),
                    speed(median(r.limit())), speed(median(all)), share(ratio(all, r.limit())), speed(median(skipping)),
                    share(ratio(skipping, r.limit())), share(r.skippedShare), speed(median(llama)),
                    times(ratio(all, llama)), times(ratio(skipping, llama)));
        }
        out.append("\n");
    }

    private void prompt(StringBuilder out) {
        out.append("## Prompt of ").append(options.promptTokens()).append(" tokens\n\n");
        row(out, "model", "type", "SIMD, tokens/s", "llama.cpp", "SIMD / llama.cpp", "difference of logits");
        rule(out, 6);
        for (EngineResult r : results) {
            double[] ours = r.prefill.get(Who.SKIPPING);
            double[] llama = r.prefill.get(Who.LLAMA);
            row(out, r.model, r.type.toString(), speed(median(ours)), speed(median(llama)), times(ratio(ours, llama)),
                    sigmas(r.difference));
        }
        out.append("\n");
    }

    private void nd4j(StringBuilder out) {
        List<EngineResult> measured = results.stream().filter(r -> r.decode.containsKey(Who.ND4J)).toList();
        if (measured.isEmpty()) {
            return;
        }
        out.append("## ND4J engine, F32\n\n");
        row(out, "model", "decode, tokens/s", "of the limit", "SIMD, all weights / ND4J", "prompt, tokens/s",
                "SIMD / ND4J");
        rule(out, 6);
        for (EngineResult r : measured) {
            double[] decode = r.decode.get(Who.ND4J);
            double[] prefill = r.prefill.get(Who.ND4J);
            row(out, r.model, speed(median(decode)), share(ratio(decode, r.limit())),
                    times(ratio(r.decode.get(Who.ALL), decode)), speed(median(prefill)),
                    times(ratio(r.prefill.get(Who.SKIPPING), prefill)));
        }
        out.append("\n");
    }

    private void earlier(StringBuilder out) {
        if (options.earlier() == null) {
            return;
        }
        out.append("## Beside an earlier build, both with zeros skipped\n\n");
        row(out, "model", "type", "decode, tokens/s", "earlier", "ratio", "prompt, tokens/s", "earlier", "ratio");
        rule(out, 8);
        for (EngineResult r : results) {
            // A model too large to be held twice is not measured without skipping.
            double[] decode = r.decode.getOrDefault(Who.SKIPPING, r.decode.get(Who.ALL));
            double[] decodeEarlier = r.decode.get(Who.EARLIER);
            double[] prefill = r.prefill.get(Who.SKIPPING);
            double[] prefillEarlier = r.prefill.get(Who.EARLIER);
            row(out, r.model, r.type.toString(), speed(median(decode)), speed(median(decodeEarlier)),
                    times(ratio(decode, decodeEarlier)), speed(median(prefill)), speed(median(prefillEarlier)),
                    times(ratio(prefill, prefillEarlier)));
        }
        out.append("\n");
    }

    private String plot(String title, Function<EngineResult, Map<Who, double[]>> speeds, boolean limits) {
        List<Who> shown = Arrays.stream(Who.values()).filter(w -> w != Who.EARLIER || options.earlier() != null)
                .toList();
        BarChart chart = new BarChart(title, shown.stream()
                .map(who -> !limits && who == Who.SKIPPING ? "SIMD" : who.title).toArray(String[]::new),
                limits ? "limit of the memory, all weights read" : null);
        Map<String, List<EngineResult>> byModel = new LinkedHashMap<>();
        results.forEach(r -> byModel.computeIfAbsent(r.model, m -> new ArrayList<>()).add(r));
        byModel.forEach((model, some) -> {
            chart.panel(model);
            for (EngineResult r : some) {
                chart.group(r.type.toString(), shown.stream()
                        .mapToDouble(who -> median(speeds.apply(r).get(who))).toArray(),
                        limits ? median(r.limit()) : Double.NaN);
            }
        });
        return chart.svg();
    }
}
