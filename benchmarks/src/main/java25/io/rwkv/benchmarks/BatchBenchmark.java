package io.rwkv.benchmarks;

import io.rwkv.benchmarks.EngineResult.Who;
import io.rwkv.cli.MemoryBandwidth;
import io.rwkv.core.tensor.DType;

import java.io.IOException;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * This library's simd engine and llama.cpp on the same files, decoding several sequences together: one token of each in one
 * call, with the logits of all.
 */
public final class BatchBenchmark {
    private static final double WARM_UP_SECONDS = 1.5;
    private static final double MEASURED_SECONDS = 1.5;
    private static final int MIN_CALLS = 4;
    private static final int MAX_CALLS = 256;
    private static final int CHECKED_TOKENS = 4;
    /** Batches may be rounded otherwise than single tokens. Another sequence's logits make the difference about 1 or more. */
    private static final double MAX_DIFFERENCE = 0.1;

    private final BatchOptions options;
    private final LlamaCpp llama;
    private final int[] tokens = new Random(1).ints(1021, 0, 50_000).toArray();

    private BatchBenchmark(BatchOptions options, LlamaCpp llama) {
        this.options = options;
        this.llama = llama;
    }

    /** @param args those of {@link BatchOptions} */
    public static void main(String[] args) throws IOException, InterruptedException, ClassNotFoundException {
        BatchOptions options = BatchOptions.of(args);
        LlamaCpp llama = options.llama() == null ? null : new LlamaCpp(options.llama());
        if (llama != null && options.mostSequences() > llama.mostSequences()) {
            System.err.printf("--sizes: expected at most %d sequences, as many as llama.cpp can hold, found %d%n",
                    llama.mostSequences(), options.mostSequences());
            System.exit(2);
        }
        if (options.result() != null) {
            OwnProcess.answer(options.result(),
                    new BatchBenchmark(options, llama).run(options.models().get(0), options.types().get(0)));
        }
        BatchReport report = new BatchReport(options, llama == null ? null : llama.version());
        for (String model : options.models()) {
            for (DType type : options.types()) {
                report.add(OwnProcess.ask(BatchBenchmark.class, args, model, type, BatchResult.class));
                if (options.out() != null) {
                    report.write(options.out());
                }
            }
        }
        System.out.print(report.markdown());
    }

    private BatchResult run(String model, DType type) throws IOException, InterruptedException {
        try (Contenders contenders = Contenders.open(options, llama, model, type, options.mostSequences(), 1)) {
            BatchResult result = new BatchResult(model, type, options.rounds());
            check(contenders, result);
            measure(contenders, result);
            return result;
        }
    }

    /** The token that a sequence reads: each reads others. */
    private int token(int sequence, int place) {
        return tokens[(31 * sequence + place) % tokens.length];
    }

    private int[] tokens(int sequences, int place) {
        int[] next = new int[sequences];
        for (int s = 0; s < sequences; s++) {
            next[s] = token(s, place);
        }
        return next;
    }

    /** Whether each engine gives every sequence of every batch the logits that it gives it alone, and those of llama.cpp. */
    private void check(Contenders contenders, BatchResult result) {
        Map<Who, float[][]> last = new EnumMap<>(Who.class);
        contenders.all().forEach((who, contender) -> {
            float[][][] alone = new float[options.mostSequences()][CHECKED_TOKENS][];
            for (int s = 0; s < alone.length; s++) {
                contender.clear();
                for (int i = 0; i < CHECKED_TOKENS; i++) {
                    contender.read(new int[]{token(s, i)});
                    alone[s][i] = contender.logits().clone();
                }
            }
            double worst = 0;
            for (int sequences : options.sizes()) {
                double difference = differenceToAlone(contender, sequences, alone);
                require(difference, result, String.format(Locale.ROOT,
                        "%s with %d sequences: logits of a sequence among others and alone", who.title, sequences));
                worst = Math.max(worst, difference);
            }
            result.togetherAndAlone.put(who, worst);
            last.put(who, logits(contender, options.mostSequences()));
        });
        if (contenders.has(Who.LLAMA)) {
            double worst = 0;
            for (int s = 0; s < options.mostSequences(); s++) {
                worst = Math.max(worst, Contenders.difference(last.get(Who.ALL)[s], last.get(Who.LLAMA)[s]));
            }
            require(worst, result, "logits of the simd engine and of llama.cpp");
            result.toLlama = worst;
        }
        say("%s %s: logits together and alone differ by %s, from llama.cpp's by %.4f standard deviations", result.model,
                result.type, result.togetherAndAlone, result.toLlama);
    }

    private double differenceToAlone(Contender contender, int sequences, float[][][] alone) {
        double worst = 0;
        contender.clear(sequences);
        for (int i = 0; i < CHECKED_TOKENS; i++) {
            contender.readTogether(tokens(sequences, i));
            for (int s = 0; s < sequences; s++) {
                worst = Math.max(worst, Contenders.difference(alone[s][i], contender.logits(s)));
            }
        }
        return worst;
    }

    private static float[][] logits(Contender contender, int sequences) {
        float[][] logits = new float[sequences][];
        for (int s = 0; s < sequences; s++) {
            logits[s] = contender.logits(s).clone();
        }
        return logits;
    }

    private static void require(double difference, BatchResult result, String what) {
        if (!(difference < MAX_DIFFERENCE)) {
            throw new IllegalStateException(String.format(Locale.ROOT, "%s %s: %s differ by %.4f standard deviations",
                    result.model, result.type, what, difference));
        }
    }

    private void measure(Contenders contenders, BatchResult result) throws InterruptedException {
        Map<Integer, Map<Who, Integer>> calls = new HashMap<>();
        for (int sequences : options.sizes()) {
            contenders.all().forEach((who, contender) -> calls
                    .computeIfAbsent(sequences, n -> new EnumMap<>(Who.class)).put(who, warmUp(contender, sequences)));
        }
        for (int round = 0; round < options.rounds(); round++) {
            result.bandwidth[round] = MemoryBandwidth.measure(options.threads());
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%s %s, round %d of %d: %.1f GB/s",
                    result.model, result.type, round + 1, options.rounds(), result.bandwidth[round] / 1e9));
            for (int sequences : Contenders.order(options.sizes(), round)) {
                line.append("; batch of ").append(sequences).append(":");
                for (Who who : Contenders.order(contenders.all().keySet(), round)) {
                    Contenders.pause();
                    double speed = decode(contenders.get(who), sequences, calls.get(sequences).get(who));
                    result.put(sequences, who, round, speed);
                    line.append(String.format(Locale.ROOT, " %s %.1f", who.title, speed));
                }
            }
            say("%s tokens/s", line);
        }
    }

    /** How many calls take as long as is to be measured. */
    private int warmUp(Contender contender, int sequences) {
        double speed = 0;
        for (double seconds = 0; seconds < WARM_UP_SECONDS;) {
            speed = decode(contender, sequences, MIN_CALLS);
            seconds += MIN_CALLS * sequences / speed;
        }
        return (int) Math.clamp(MEASURED_SECONDS * speed / sequences, MIN_CALLS, MAX_CALLS);
    }

    /** Tokens per second of all sequences. */
    private double decode(Contender contender, int sequences, int calls) {
        contender.clear(sequences);
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            contender.readTogether(tokens(sequences, i));
        }
        return (double) calls * sequences * 1e9 / (System.nanoTime() - start);
    }

    private static void say(String format, Object... values) {
        System.err.printf(Locale.ROOT, format + "%n", values);
    }
}
