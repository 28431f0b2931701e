package io.rwkv.benchmarks;

import io.rwkv.demo.DemoModel;
import io.rwkv.tokenizer.BpeTokenizer;
import io.rwkv.tokenizer.Tokenizer;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Encoding a text of {@link #SIZE} characters: time per text, so a rate of SIZE over it in MB/s. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TokenizerBenchmark {
    static final int SIZE = 1 << 20;

    /** A tokenizer.json; empty for the demo model's. */
    @Param("")
    public String tokenizer;

    private Tokenizer loaded;
    private String prose;
    private String letters;

    /** Loads the tokenizer and makes the texts. */
    @Setup
    public void setUp() throws IOException {
        loaded = BpeTokenizer.load(tokenizer.isEmpty() ? DemoModel.tokenizer() : Path.of(tokenizer));
        String sentence = "The quick brown fox, aged 7, jumps over the lazy dog's back; nobody knows why. ";
        prose = sentence.repeat(SIZE / sentence.length() + 1).substring(0, SIZE);
        letters = "a".repeat(SIZE);
    }

    /** English prose. */
    @Benchmark
    public int[] prose() {
        return loaded.encode(prose);
    }

    /** One word of a million equal letters, the worst case of merging. */
    @Benchmark
    public int[] oneLetter() {
        return loaded.encode(letters);
    }
}
