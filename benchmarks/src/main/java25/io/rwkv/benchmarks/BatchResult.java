package io.rwkv.benchmarks;

import io.rwkv.benchmarks.EngineResult.Who;
import io.rwkv.core.tensor.DType;

import java.io.Serializable;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What {@link BatchBenchmark} measured with one file: numbers for each round, the rounds in the same order for all.
 * Serializable, as it comes from another process.
 */
final class BatchResult implements Serializable {
    private static final long serialVersionUID = 1;

    final String model;
    final DType type;
    /** Bytes per second. */
    final double[] bandwidth;
    /** Tokens per second of all sequences, by their number. */
    final TreeMap<Integer, EnumMap<Who, double[]>> speeds = new TreeMap<>();
    /** The largest difference of logits between a sequence among others and alone, in standard deviations. */
    final EnumMap<Who, Double> togetherAndAlone = new EnumMap<>(Who.class);
    /** Between our logits and llama.cpp's, in standard deviations of ours; NaN if not measured. */
    double toLlama = Double.NaN;

    BatchResult(String model, DType type, int rounds) {
        this.model = model;
        this.type = type;
        this.bandwidth = new double[rounds];
    }

    void put(int sequences, Who who, int round, double speed) {
        speeds.computeIfAbsent(sequences, n -> new EnumMap<>(Who.class)).computeIfAbsent(who,
                w -> new double[bandwidth.length])[round] = speed;
    }

    /** In each round; null if not measured. */
    double[] speeds(int sequences, Who who) {
        Map<Who, double[]> all = speeds.get(sequences);
        return all == null ? null : all.get(who);
    }
}
