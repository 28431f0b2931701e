package io.rwkv.benchmarks;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.GgufConverter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Checkpoints with random weights and the names, shapes and bfloat16 precision of released ones: speed does not depend on what
 * the weights are, but for the share of hidden units that come out zero, which can be chosen. Any weight is computed from its place when it is read,
 * always the same, so that a model of any size takes no memory, and its conversions to several types agree.
 */
public final class RandomCheckpoint {
    /** @param ranks of the low-rank maps of RWKV-7: decay, in-context learning rate, value mix, gate */
    private record Shape(int version, int layers, int width, int vocabulary, int... ranks) {}

    private static final Map<String, Shape> SHAPES = new LinkedHashMap<>();

    static {
        SHAPES.put("rwkv7-0.1b", new Shape(7, 12, 768, 65536, 64, 64, 32, 128));
        SHAPES.put("rwkv7-0.4b", new Shape(7, 24, 1024, 65536, 64, 64, 32, 128));
        SHAPES.put("rwkv7-1.5b", new Shape(7, 24, 2048, 65536, 96, 96, 64, 256));
        SHAPES.put("rwkv4-169m", new Shape(4, 12, 768, 50277));
        SHAPES.put("rwkv4-430m", new Shape(4, 24, 1024, 50277));
    }

    private static final int HEAD = 64;
    /** Of the sum of four numbers that are evenly spread over 16 bits. */
    private static final float DEVIATION = (float) (65536 / Math.sqrt(3));

    /** Of the norm before the channel mix: a direction that is the same for all tokens, against which its keys can lean. */
    private static final float LEANING_BIAS = 0.2f;
    /** Of the hidden units of a channel mix before the relu. Measured. */
    private static final float HIDDEN_DEVIATION = 0.87f;

    /** The value at a place in row-major order. */
    private interface Values {
        float at(long index);
    }

    private record RandomTensor(String name, Values values, long... shape) implements StoredTensor {
        @Override
        public DType dtype() {
            return DType.BF16;
        }

        @Override
        public long[] shape() {
            return shape.clone();
        }

        @Override
        public long elementCount() {
            long count = 1;
            for (long length : shape) {
                count *= length;
            }
            return count;
        }

        @Override
        public void read(long first, float[] to, int at, int count) {
            Objects.checkFromIndexSize(first, count, elementCount());
            for (int i = 0; i < count; i++) {
                to[at + i] = Float.intBitsToFloat(Float.floatToRawIntBits(values.at(first + i)) & 0xffff0000);
            }
        }
    }

    private final Shape shape;
    private final float lean;
    private final int width;
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

    private RandomCheckpoint(Shape shape, double zeros) {
        this.shape = shape;
        // How far below zero a normal distribution must lie for that; the logistic one is near it.
        this.lean = (float) (HIDDEN_DEVIATION * Math.log(zeros / (1 - zeros)) / 1.702);
        this.width = shape.width;
    }

    /** @param args model, file to write, then optionally the type of its weights (BF16) and the share of zeros (0.8) */
    public static void main(String[] args) throws IOException {
        if (args.length < 2 || !SHAPES.containsKey(args[0])) {
            System.err.println("usage: RandomCheckpoint MODEL OUT.gguf [TYPE [ZEROS]]\nmodels: " + SHAPES.keySet());
            System.exit(2);
        }
        write(args[0], Path.of(args[1]), DType.valueOf(args.length > 2 ? args[2] : "BF16"),
                args.length > 3 ? Double.parseDouble(args[3]) : 0.8);
    }

    /** The models that can be made. */
    static Set<String> names() {
        return SHAPES.keySet();
    }

    /**
     * Writes a GGUF file that llama.cpp reads too if it is an RWKV-7.
     *
     * @param zeros the share of hidden units of channel mixes that come out zero, about; 0.5 is that of plain random weights
     */
    static void write(String model, Path out, DType type, double zeros) throws IOException {
        // llama.cpp wants a vocabulary. The single bytes are enough of one.
        Path vocabulary = Files.createTempFile("bytes", ".txt");
        try {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 256; i++) {
                lines.append(String.format("%d b'\\x%02x' 1%n", i + 1, i));
            }
            Files.writeString(vocabulary, lines);
            GgufConverter.convert(of(model, out, zeros), out, type, vocabulary, (done, total) -> {});
        } finally {
            Files.delete(vocabulary);
        }
    }

    private static TensorFile of(String model, Path path, double zeros) {
        RandomCheckpoint checkpoint = new RandomCheckpoint(SHAPES.get(model), zeros);
        checkpoint.addAll();
        return new TensorFile(path, "random", checkpoint.tensors, Map.of());
    }

    private void addAll() {
        matrix("emb", shape.vocabulary, width, 0.006f * (float) Math.sqrt(width));
        norm("blocks.0.ln0");
        for (int layer = 0; layer < shape.layers; layer++) {
            String block = "blocks." + layer + ".";
            norm(block + "ln1");
            noise(block + "ln2.weight", 1, 0.05f, width);
            noise(block + "ln2.bias", 0, LEANING_BIAS, width);
            leaning(block + "ffn.key.weight", block + "ln2.bias");
            if (shape.version == 4) {
                add4(layer, block + "att.", block + "ffn.");
            } else {
                add7(layer, block + "att.", block + "ffn.");
            }
        }
        norm("ln_out");
        matrix("head", shape.vocabulary, width, 0.7f);
    }

    private void add4(int layer, String att, String ffn) {
        float early = 1 - (float) layer / shape.layers;
        float late = (float) layer / (shape.layers - 1);
        vector(att + "time_decay", c -> -5 + 8 * power((float) c / (width - 1), 0.7f + 1.3f * late));
        vector(att + "time_first", c -> -1.2f + 0.5f * ((c + 1) % 3 - 1));
        for (String mix : new String[]{att + "time_mix_k", att + "time_mix_v", ffn + "time_mix_k",
                ffn + "time_mix_r"}) {
            vector(mix, c -> power((float) c / width, early));
        }
        vector(att + "time_mix_r", c -> power((float) c / width, 0.5f * early));
        for (String name : new String[]{"receptance", "key", "value"}) {
            matrix(att + name, width, width, 1);
        }
        matrix(att + "output", width, width, residual());
        matrix(ffn + "receptance", width, width, 1);
        matrix(ffn + "value", width, 4 * width, residual());
    }

    private void add7(int layer, String att, String ffn) {
        float early = 1 - (float) layer / shape.layers;
        float late = (float) layer / (shape.layers - 1);
        float[] exponents = {0.2f, 0.9f, 0.7f, 0.7f, 0.9f, 0.2f};
        for (int i = 0; i < exponents.length; i++) {
            float exponent = exponents[i] * early;
            vector(att + "x_" + "rwkvag".charAt(i), c -> 1 - power((float) c / width, exponent));
        }
        vector(att + "w0",
                c -> -5.5f + 6 * power((float) c / (width - 1), 1 + power(late, 0.3f)) + 2.5f * zigzag(c));
        lowRank(att + "w", shape.ranks[0], 0.3f);
        vector(att + "a0", c -> -0.19f + 0.3f * zigzag(c) + 0.4f * slope(c));
        lowRank(att + "a", shape.ranks[1], 0.3f);
        if (layer > 0) { // the first layer's value is the one that the others mix in
            vector(att + "v0", c -> 0.73f - 0.4f * slope(c));
            lowRank(att + "v", shape.ranks[2], 0.3f);
        }
        lowRank(att + "g", shape.ranks[3], 0.8f);
        vector(att + "k_k", c -> 0.71f - 0.1f * slope(c));
        vector(att + "k_a", c -> 1.02f);
        add(att + "r_k", c -> -0.04f, width / HEAD, HEAD);
        matrix(att + "receptance", width, width, 0.7f);
        matrix(att + "key", width, width, 0.3f);
        matrix(att + "value", width, width, 0.7f);
        matrix(att + "output", width, width, residual());
        norm(att + "ln_x");
        vector(ffn + "x_k", c -> 1 - power((float) c / width, power(early, 4)));
        matrix(ffn + "value", width, 4 * width, residual());
    }

    /** Small enough that the sum over all layers stays in proportion. */
    private float residual() {
        return 0.5f / (float) Math.sqrt(2 * shape.layers);
    }

    /** From -1 to 1 along each head, flat in the middle. */
    private static float zigzag(long channel) {
        float z = (channel % HEAD - 31.5f) / 31.5f;
        return z * Math.abs(z);
    }

    /** From -0.5 to 0.5 along all channels. */
    private float slope(long channel) {
        return (float) channel / (width - 1) - 0.5f;
    }

    private void norm(String name) {
        noise(name + ".weight", 1, 0.05f, width);
        noise(name + ".bias", 0, 0.02f, width);
    }

    /** @param gain how much longer a vector of random numbers gets */
    private void matrix(String name, int rows, int columns, float gain) {
        noise(name + ".weight", 0, gain / (float) Math.sqrt(columns), rows, columns);
    }

    /** A matrix whose products with this bias are all about as far below zero as is wanted. */
    private void leaning(String name, String bias) {
        long seed = seed(name);
        long biasSeed = seed(bias);
        float deviation = 1 / (float) Math.sqrt(width);
        float against = lean / (LEANING_BIAS * width);
        add(name, i -> deviation * normal(seed + i) - against * normal(biasSeed + i % width), 4 * width, width);
    }

    private void lowRank(String name, int rank, float gain) {
        noise(name + 1, 0, 0.3f / (float) Math.sqrt(width), width, rank);
        noise(name + 2, 0, gain / (float) Math.sqrt(rank), rank, width);
    }

    private void vector(String name, Values values) {
        add(name, values, width);
    }

    private void noise(String name, float mean, float deviation, long... lengths) {
        long seed = seed(name);
        add(name, i -> mean + deviation * normal(seed + i), lengths);
    }

    private void add(String name, Values values, long... lengths) {
        tensors.put(name, new RandomTensor(name, values, lengths));
    }

    private static long seed(String name) {
        return (long) name.hashCode() << 32;
    }

    private static float power(float base, float exponent) {
        return (float) Math.pow(base, exponent);
    }

    /** About normally distributed, and a different number for each seed: the finaliser of SplitMix64, summed in four parts. */
    private static float normal(long seed) {
        long z = seed * 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return ((short) z + (short) (z >> 16) + (short) (z >> 32) + (short) (z >> 48)) / DEVIATION;
    }
}
