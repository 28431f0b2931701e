package io.rwkv.benchmarks;

import io.rwkv.core.tensor.DType;

import java.io.Serializable;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * What was measured with one file: a number for each round, the rounds in the same order for all. Serializable, as it comes
 * from another process.
 */
final class EngineResult implements Serializable {
    private static final long serialVersionUID = 1;

    /** Who computed. */
    enum Who {
        ALL("SIMD, all weights read"), SKIPPING("SIMD, zeros skipped"), LLAMA("llama.cpp"), ND4J("ND4J"), EARLIER(
                "earlier build");

        final String title;

        Who(String title) {
            this.title = title;
        }
    }

    final String model;
    final DType type;
    /** What a token reads without skipping. */
    final long weightBytes;
    /** Of hidden units; NaN if not measured, as is the next. */
    double skippedShare = Double.NaN;
    /** Between our logits and llama.cpp's, in standard deviations of ours. */
    double difference = Double.NaN;
    /** Bytes per second. */
    final double[] bandwidth;
    /** Tokens per second. */
    final EnumMap<Who, double[]> decode = new EnumMap<>(Who.class);
    final EnumMap<Who, double[]> prefill = new EnumMap<>(Who.class);

    EngineResult(String model, DType type, long weightBytes, int rounds) {
        this.model = model;
        this.type = type;
        this.weightBytes = weightBytes;
        this.bandwidth = new double[rounds];
    }

    void put(Map<Who, double[]> speeds, Who who, int round, double speed) {
        speeds.computeIfAbsent(who, w -> new double[bandwidth.length])[round] = speed;
    }

    /** Tokens per second that the memory allows if all weights are read, in each round. */
    double[] limit() {
        return Arrays.stream(bandwidth).map(b -> b / weightBytes).toArray();
    }

    /** NaN of nothing. */
    static double median(double[] values) {
        if (values == null) {
            return Double.NaN;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    /** The median of the rounds' ratios, which what else the machine does moves less than the ratio of the medians. */
    static double ratio(double[] values, double[] to) {
        if (values == null || to == null) {
            return Double.NaN;
        }
        double[] ratios = new double[values.length];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = values[i] / to[i];
        }
        return median(ratios);
    }
}
