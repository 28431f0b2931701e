package io.rwkv.benchmarks;

import io.rwkv.benchmarks.EngineResult.Who;
import io.rwkv.cli.MemoryBandwidth;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.tensor.DType;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
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
    /** llama.cpp's threads keep polling for a while after their work, on the processors that the next one needs. */
    private static final long PAUSE_MILLIS = 400;
    /** A model this large is not held twice. */
    private static final long MAX_TWICE_BYTES = 4L << 30;
    /** ND4J holds float32 only, and needs minutes for larger models. */
    private static final long MAX_ND4J_BYTES = 1L << 30;
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
        EngineOptions options = EngineOptions.parse(args);
        LlamaCpp llama = options.llama() == null ? null : new LlamaCpp(options.llama());
        if (options.result() != null) {
            EngineResult result = new EngineBenchmark(options, llama).run(options.models().get(0),
                    options.types().get(0));
            try (ObjectOutputStream out = new ObjectOutputStream(Files.newOutputStream(options.result()))) {
                out.writeObject(result);
            }
            System.exit(0); // ND4J's threads would hold it up
        }
        EngineReport report = new EngineReport(options, llama == null ? null : llama.version());
        for (String model : options.models()) {
            for (DType type : options.types()) {
                report.add(inOwnProcess(args, model, type));
                if (options.out() != null) {
                    report.write(options.out());
                }
            }
        }
        System.out.print(report.markdown());
    }

    /** What the compiler learnt from one model's kernels would change the code for the next. */
    private static EngineResult inOwnProcess(String[] args, String model, DType type)
            throws IOException, InterruptedException, ClassNotFoundException {
        Path file = Files.createTempFile("engines", ".result");
        try {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), EngineBenchmark.class.getName()));
            command.addAll(List.of(args)); // of an option that comes twice the last counts
            command.addAll(List.of("--models", model, "--types", type.name(), "--result", file.toString()));
            int status = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (status != 0) {
                throw new IOException(model + " " + type + ": measuring it ended with status " + status);
            }
            try (ObjectInputStream in = new ObjectInputStream(Files.newInputStream(file))) {
                return (EngineResult) in.readObject();
            }
        } finally {
            Files.delete(file);
        }
    }

    private EngineResult run(String model, DType type) throws IOException, InterruptedException {
        Files.createDirectories(options.work());
        Path file = options.work().resolve(
                String.format(Locale.ROOT, "%s-zeros%.2f-%s.gguf", model, options.zeros(), type));
        if (!Files.exists(file)) {
            say("%s %s: making %s", model, type, file);
            RandomCheckpoint.write(model, file, type, options.zeros());
        }
        Map<Who, Contender> contenders = new EnumMap<>(Who.class);
        try {
            Contender.Ours all = new Contender.Ours(file, "simd", options.threads(), false);
            contenders.put(Who.ALL, all);
            RwkvModel rwkv = all.model();
            RwkvModel skipping = null;
            if (rwkv.weightBytes() < MAX_TWICE_BYTES) {
                Contender.Ours ours = new Contender.Ours(file, "simd", options.threads(), true);
                contenders.put(Who.SKIPPING, ours);
                skipping = ours.model();
            }
            if (llama != null && type != DType.F32 && model.startsWith("rwkv7")) {
                contenders.put(Who.LLAMA, new Contender.Llama(llama, file, options.threads(), prompt.length,
                        rwkv.config().vocabularySize()));
            }
            if (type == DType.F32 && rwkv.weightBytes() < MAX_ND4J_BYTES) {
                contenders.put(Who.ND4J, new Contender.Ours(file, "nd4j", options.threads(), true));
            }
            if (options.earlier() != null) {
                System.setProperty("rwkv.simd.skip", "true"); // as it is by default
                contenders.put(Who.EARLIER, new EarlierBuild(options.earlier(), file));
            }
            EngineResult result = new EngineResult(model, type, rwkv.weightBytes(), options.rounds());
            if (contenders.containsKey(Who.LLAMA)) {
                double difference = difference(all, contenders.get(Who.LLAMA));
                say("%s %s: logits differ from llama.cpp's by %.4f standard deviations", model, type, difference);
                if (!(difference < MAX_DIFFERENCE) && type.blockLength() == 1) {
                    throw new IllegalStateException("llama.cpp does not compute what we do with " + file);
                }
                result.difference = difference;
            }
            measure(contenders, result);
            result.skippedShare = skipping == null ? Double.NaN : skipping.skippedShare().orElse(0);
            return result;
        } finally {
            contenders.values().forEach(Contender::close);
        }
    }

    private void measure(Map<Who, Contender> contenders, EngineResult result) throws InterruptedException {
        Map<Who, Integer> tokens = new EnumMap<>(Who.class);
        contenders.forEach((who, contender) -> {
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
            List<Who> order = new ArrayList<>(contenders.keySet());
            Collections.rotate(order, round);
            if (round % 2 == 1) {
                Collections.reverse(order); // lest one always follow the same other
            }
            for (Who who : order) {
                Contender contender = contenders.get(who);
                Thread.sleep(PAUSE_MILLIS);
                double decode = decode(contender, tokens.get(who));
                result.put(result.decode, who, round, decode);
                line.append(String.format(Locale.ROOT, "; %s %.1f", who.title, decode));
                if (measuresPrefill(who, contenders)) {
                    Thread.sleep(PAUSE_MILLIS);
                    double prefill = prefill(contender);
                    result.put(result.prefill, who == Who.ALL ? Who.SKIPPING : who, round, prefill);
                    line.append(String.format(Locale.ROOT, " and %.0f", prefill));
                }
            }
            say("%s tokens/s", line);
        }
    }

    /** A prompt reads all weights whether the engine skips or not. */
    private static boolean measuresPrefill(Who who, Map<Who, Contender> contenders) {
        return who != Who.ALL || !contenders.containsKey(Who.SKIPPING);
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
            float[] ours = one.logits();
            float[] theirs = other.logits();
            double squares = 0;
            double sum = 0;
            double largest = 0;
            for (int i = 0; i < ours.length; i++) {
                squares += (double) ours[i] * ours[i];
                sum += ours[i];
                double difference = Math.abs((double) ours[i] - theirs[i]);
                largest = Math.max(largest, difference); // NaN if one is
            }
            double mean = sum / ours.length;
            worst = Math.max(worst, largest / Math.sqrt(squares / ours.length - mean * mean));
        }
        return worst;
    }

    private static void say(String format, Object... values) {
        System.err.printf(Locale.ROOT, format + "%n", values);
    }
}
