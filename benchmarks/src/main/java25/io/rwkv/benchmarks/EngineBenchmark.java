package io.rwkv.benchmarks;

import io.rwkv.benchmarks.EngineResult.Who;
import io.rwkv.cli.MemoryBandwidth;
import io.rwkv.core.tensor.DType;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * This library's engines and llama.cpp on the same files: decoding, against what the memory's speed allows, and reading a
 * prompt. They take turns in one process, so that whatever else the machine does meets all of them. Each file has a process
 * of its own.
 */
public final class EngineBenchmark {
    private static final double WARM_UP_SECONDS = 3;
    private static final double DECODE_SECONDS = 1.5;
    private static final int MAX_DECODE_TOKENS = 256;
    /** llama.cpp rounds activations as it rounds weights. Other weights than ours would make the difference about 1.4. */
    private static final double MAX_DIFFERENCE = 0.1;

    private final EngineOptions options;
    private final LlamaCpp llama;
    private final int[] prompt;

    private EngineBenchmark(EngineOptions options, LlamaCpp llama) {
        this.options = options;
        this.llama = llama;
        this.prompt = new Random(1).ints(options.promptTokens(), 0, 50_000).toArray();
    }

    /** @param args those of {@link EngineOptions} */
    public static void main(String[] args) throws IOException, InterruptedException, ClassNotFoundException {
        EngineOptions options = EngineOptions.of(args);
        LlamaCpp llama = options.llama() == null ? null : new LlamaCpp(options.llama());
        if (options.result() != null) {
            OwnProcess.answer(options.result(),
                    new EngineBenchmark(options, llama).run(options.models().get(0), options.types().get(0)));
        }
        EngineReport report = new EngineReport(options, llama == null ? null : llama.version());
        for (String model : options.models()) {
            for (DType type : options.types()) {
                report.add(OwnProcess.ask(EngineBenchmark.class, args, model, type, EngineResult.class));
                if (options.out() != null) {
                    report.write(options.out());
                }
            }
        }
        System.out.print(report.markdown());
    }

    private EngineResult run(String model, DType type) throws IOException, InterruptedException {
        try (Contenders contenders = Contenders.open(options, llama, model, type, 1, prompt.length)) {
            contenders.addNd4j(options, model, type);
            EngineResult result = new EngineResult(model, type, contenders.rwkv().weightBytes(), options.rounds());
            if (contenders.has(Who.LLAMA)) {
                double difference = difference(contenders.get(Who.ALL), contenders.get(Who.LLAMA));
                say("%s %s: logits differ from llama.cpp's by %.4f standard deviations", model, type, difference);
                if (!(difference < MAX_DIFFERENCE) && type.blockLength() == 1) {
                    throw new IllegalStateException(
                            "llama.cpp does not compute what we do with " + options.checkpoint(model, type));
                }
                result.difference = difference;
            }
            measure(contenders, result);
            result.skippedShare = contenders.skippedShare();
            return result;
        }
    }

    private void measure(Contenders contenders, EngineResult result) throws InterruptedException {
        Map<Who, Integer> tokens = new EnumMap<>(Who.class);
        contenders.all().forEach((who, contender) -> {
            double speed = 0;
            for (double seconds = 0; seconds < WARM_UP_SECONDS;) {
                int count = 16;
                speed = decode(contender, count);
                seconds += count / speed;
            }
            tokens.put(who, (int) Math.clamp(DECODE_SECONDS * speed, 8, MAX_DECODE_TOKENS));
            if (measuresPrefill(who, contenders)) {
                prefill(contender);
                prefill(contender);
            }
        });
        for (int round = 0; round < options.rounds(); round++) {
            result.bandwidth[round] = MemoryBandwidth.measure(options.threads());
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%s %s, round %d of %d: %.1f GB/s",
                    result.model, result.type, round + 1, options.rounds(), result.bandwidth[round] / 1e9));
            for (Who who : Contenders.order(contenders.all().keySet(), round)) {
                Contender contender = contenders.get(who);
                Contenders.pause();
                double decode = decode(contender, tokens.get(who));
                result.put(result.decode, who, round, decode);
                line.append(String.format(Locale.ROOT, "; %s %.1f", who.title, decode));
                if (measuresPrefill(who, contenders)) {
                    Contenders.pause();
                    double prefill = prefill(contender);
                    result.put(result.prefill, who == Who.ALL ? Who.SKIPPING : who, round, prefill);
                    line.append(String.format(Locale.ROOT, " and %.0f", prefill));
                }
            }
            say("%s tokens/s", line);
        }
    }

    /** A prompt reads all weights whether the engine skips or not. */
    private static boolean measuresPrefill(Who who, Contenders contenders) {
        return who != Who.ALL || !contenders.has(Who.SKIPPING);
    }

    /** Tokens per second, one at a time. */
    private double decode(Contender contender, int count) {
        contender.clear();
        int[] one = new int[1];
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            one[0] = prompt[i % prompt.length];
            contender.read(one);
        }
        return count * 1e9 / (System.nanoTime() - start);
    }

    /** Tokens per second, all in one call. */
    private double prefill(Contender contender) {
        contender.clear();
        long start = System.nanoTime();
        contender.read(prompt);
        return prompt.length * 1e9 / (System.nanoTime() - start);
    }

    /** The largest difference of two engines' logits after a prompt and after some single tokens, in standard deviations. */
    private double difference(Contender one, Contender other) {
        double worst = 0;
        one.clear();
        other.clear();
        for (int step = 0; step < 9; step++) {
            int[] tokens = step == 0 ? prompt : new int[]{prompt[step]};
            one.read(tokens);
            other.read(tokens);
            worst = Math.max(worst, Contenders.difference(one.logits(), other.logits())); // NaN if one is
        }
        return worst;
    }

    private static void say(String format, Object... values) {
        System.err.printf(Locale.ROOT, format + "%n", values);
    }
}
