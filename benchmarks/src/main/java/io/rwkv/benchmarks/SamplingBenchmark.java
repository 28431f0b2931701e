package io.rwkv.benchmarks;

import io.rwkv.text.sampling.Sampler;
import io.rwkv.text.sampling.SamplingOptions;
import io.rwkv.text.sampling.SamplingOrder;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Choosing a token from 65,536 logits, the size of the World vocabulary. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SamplingBenchmark {
    private static final int VOCABULARY = 65_536;

    /**
     * How the logits are spread: {@code power} as a trained model's, probability by rank to the power −1.5, with noise; {@code normal}
     * with a standard deviation of 2, where half of the vocabulary has to be kept: the worst case.
     */
    @Param({"power", "normal"})
    public String logits;

    /** The order of the steps. */
    @Param({"TEMPERATURE_FIRST", "LLAMA_CPP", "RWKV"})
    public SamplingOrder order;

    private final float[][] rows = new float[16][VOCABULARY];
    private Sampler filtered;
    private Sampler unfiltered;
    private Sampler greedy;
    private int row;

    /** Makes logits and samplers. */
    @Setup
    public void setUp() {
        Random random = new Random(1);
        for (float[] each : rows) {
            for (int i = 0; i < VOCABULARY; i++) {
                double noise = random.nextGaussian();
                each[i] = (float) (logits.equals("power")
                        ? noise - 1.5 * Math.log(1 + random.nextInt(VOCABULARY))
                        : 2 * noise);
            }
        }
        unfiltered = SamplingOptions.builder().order(order).topP(1).seed(1).build().newSampler();
        greedy = SamplingOptions.builder().order(order).temperature(0).build().newSampler();
    }

    /** A new text, which has some thousand tokens at the end of the iteration, all penalised. */
    @Setup(Level.Iteration)
    public void begin() {
        SamplingOptions.Builder options = SamplingOptions.builder().order(order).temperature(0.9).topP(0.9)
                .presencePenalty(0.5).frequencyPenalty(0.2).seed(1);
        filtered = (order == SamplingOrder.RWKV ? options.topK(500) : options.typicalP(0.9)).build().newSampler();
    }

    private float[] next() {
        row = (row + 1) % rows.length;
        return rows[row];
    }

    /** Penalties, temperature 0.9, top-p 0.9 and typical-p 0.9; in the order RWKV, which has no typical-p, top-k 500 in its place. */
    @Benchmark
    public int filtered() {
        return filtered.choose(next());
    }

    /** By probability alone. */
    @Benchmark
    public int unfiltered() {
        return unfiltered.choose(next());
    }

    /** Temperature 0. */
    @Benchmark
    public int greedy() {
        return greedy.choose(next());
    }
}
