package io.rwkv.benchmarks;

import io.rwkv.benchmarks.EngineResult.Who;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.tensor.DType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The engines that take turns with one file, in one process, so that whatever else the machine does meets all of them. */
final class Contenders implements AutoCloseable {
    /** llama.cpp's threads keep polling for a while after their work, on the processors that the next one needs. */
    private static final long PAUSE_MILLIS = 400;
    /** A model this large is not held twice. */
    private static final long MAX_TWICE_BYTES = 4L << 30;
    /** ND4J holds float32 only, and needs minutes for larger models. */
    private static final long MAX_ND4J_BYTES = 1L << 30;

    private final Map<Who, Contender> all = new EnumMap<>(Who.class);

    /**
     * Opens a checkpoint with the simd engine, with llama.cpp if it is there and knows the model, and with the earlier build if
     * one is named.
     *
     * @param llama null to leave it out
     * @param sequences the most texts at a time
     * @param longestPrompt in one call
     */
    static Contenders open(ComparisonOptions options, LlamaCpp llama, String model, DType type, int sequences,
            int longestPrompt) throws IOException {
        Path file = options.checkpoint(model, type);
        Contenders contenders = new Contenders();
        try {
            contenders.openAll(options, llama, file, model.startsWith("rwkv7") && type != DType.F32, sequences,
                    longestPrompt);
            return contenders;
        } catch (IOException | RuntimeException e) {
            contenders.close();
            throw e;
        }
    }

    private void openAll(ComparisonOptions options, LlamaCpp llama, Path file, boolean llamaKnowsIt, int sequences,
            int longestPrompt) throws IOException {
        all.put(Who.ALL, new Contender.Ours(file, "simd", options.threads(), false));
        if (rwkv().weightBytes() < MAX_TWICE_BYTES) {
            all.put(Who.SKIPPING, new Contender.Ours(file, "simd", options.threads(), true));
        }
        if (llama != null && llamaKnowsIt) {
            all.put(Who.LLAMA, new Contender.Llama(llama, file, options.threads(), sequences, longestPrompt,
                    rwkv().config().vocabularySize()));
        }
        if (options.earlier() != null) {
            System.setProperty("rwkv.simd.skip", "true"); // as it is by default
            all.put(Who.EARLIER, new EarlierBuild(options.earlier(), file));
        }
    }

    /** Adds the ND4J engine, if the model is small enough for it. */
    void addNd4j(ComparisonOptions options, String model, DType type) throws IOException {
        if (type == DType.F32 && rwkv().weightBytes() < MAX_ND4J_BYTES) {
            all.put(Who.ND4J, new Contender.Ours(options.checkpoint(model, type), "nd4j", options.threads(), true));
        }
    }

    Map<Who, Contender> all() {
        return all;
    }

    /** Null if it does not take part. */
    Contender get(Who who) {
        return all.get(who);
    }

    boolean has(Who who) {
        return all.containsKey(who);
    }

    /** As the simd engine reads all its weights. */
    RwkvModel rwkv() {
        return ((Contender.Ours) all.get(Who.ALL)).model();
    }

    /** Of hidden units; NaN if not measured. */
    double skippedShare() {
        return all.get(Who.SKIPPING) instanceof Contender.Ours ours
                ? ours.model().skippedShare().orElse(0)
                : Double.NaN;
    }

    /** Lets the threads of the last one come to rest. */
    static void pause() throws InterruptedException {
        Thread.sleep(PAUSE_MILLIS);
    }

    /** Another order in each round. */
    static <T> List<T> order(Collection<T> some, int round) {
        List<T> order = new ArrayList<>(some);
        Collections.rotate(order, round);
        if (round % 2 == 1) {
            Collections.reverse(order); // lest one always follow the same other
        }
        return order;
    }

    /** The largest difference of two engines' logits, in standard deviations of the first; NaN if one has a NaN. */
    static double difference(float[] ours, float[] theirs) {
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
        return largest / Math.sqrt(squares / ours.length - mean * mean);
    }

    @Override
    public void close() {
        all.values().forEach(Contender::close);
    }
}
