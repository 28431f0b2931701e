package io.rwkv.text;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.tensor.SafetensorsWriter;
import io.rwkv.loader.Rwkv;
import io.rwkv.tokenizer.TokenizerFormatException;
import io.rwkv.tokenizer.WorldTokenizer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** An RWKV-4 of random numbers, and vocabularies for it: all single bytes, at ids 1 to 256, and what a test adds. */
public final class TinyModel {
    /** The model's vocabulary; most tokenizers leave some of it unused. */
    public static final int VOCABULARY = 300;

    /** The width, unless a test wants larger states. */
    public static final int WIDTH = 16;

    private TinyModel() {
    }

    /** A model with one layer; the caller closes it. */
    public static RwkvModel open() {
        return open(1);
    }

    /** The same with {@code ln_out} multiplied by this: 0 makes all vectors zero, NaN spoils them. */
    public static RwkvModel open(float lnOut) {
        return open(lnOut, WIDTH);
    }

    /** The same, of another width. */
    public static RwkvModel open(float lnOut, int width) {
        try {
            Path file = Files.createTempFile("tiny", ".safetensors");
            file.toFile().deleteOnExit();
            write(file, lnOut, width, -1);
            return Rwkv.open(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same, but what follows on this token is NaN. */
    public static RwkvModel withBrokenToken(int token) {
        try {
            Path file = Files.createTempFile("tiny", ".safetensors");
            file.toFile().deleteOnExit();
            write(file, 1, WIDTH, token);
            return Rwkv.open(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the checkpoint. */
    public static void write(Path file, float lnOut) throws IOException {
        write(file, lnOut, WIDTH, -1);
    }

    private static void write(Path file, float lnOut, int width, int brokenToken) throws IOException {
        Random random = new Random(5);
        SafetensorsWriter out = new SafetensorsWriter();
        float[] embedding = values(random, 1, VOCABULARY * width);
        if (brokenToken >= 0) {
            embedding[brokenToken * width] = Float.NaN;
        }
        out.floats("emb.weight", new long[]{VOCABULARY, width}, embedding);
        String block = "blocks.0.";
        for (String norm : List.of("ln0", "ln1", "ln2")) {
            add(out, random, block + norm + ".weight", 1, width);
            add(out, random, block + norm + ".bias", 1, width);
        }
        add(out, random, block + "att.time_decay", 1, width);
        add(out, random, block + "att.time_first", 1, width);
        for (String mix : List.of("att.time_mix_k", "att.time_mix_v", "att.time_mix_r", "ffn.time_mix_k",
                "ffn.time_mix_r")) {
            add(out, random, block + mix, 1, 1, 1, width);
        }
        for (String matrix : List.of("att.key", "att.value", "att.receptance", "att.output", "ffn.key", "ffn.value",
                "ffn.receptance")) {
            add(out, random, block + matrix + ".weight", 1, width, width);
        }
        add(out, random, "ln_out.weight", lnOut, width);
        add(out, random, "ln_out.bias", lnOut, width);
        add(out, random, "head.weight", 1, VOCABULARY, width);
        out.write(file);
    }

    private static void add(SafetensorsWriter out, Random random, String name, float scale, long... shape) {
        int count = 1;
        for (long length : shape) {
            count *= (int) length;
        }
        out.floats(name, shape, values(random, scale, count));
    }

    private static float[] values(Random random, float scale, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = scale * (float) random.nextGaussian();
        }
        return values;
    }

    /** All single bytes, then these from id 257 on; null for an id that stands for nothing. */
    public static WorldTokenizer tokenizer(String... more) {
        List<byte[]> tokens = new ArrayList<>();
        tokens.add(null);
        for (int i = 0; i < 256; i++) {
            tokens.add(new byte[]{(byte) i});
        }
        for (String token : more) {
            tokens.add(token == null ? null : token.getBytes(StandardCharsets.UTF_8));
        }
        try {
            return WorldTokenizer.of(tokens, "test");
        } catch (TokenizerFormatException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The largest difference between two states, in parts of the largest value. */
    public static double difference(RwkvState a, RwkvState b) {
        double difference = 0;
        double largest = 1;
        for (String part : a.parts()) {
            float[] x = a.read(0, part);
            float[] y = b.read(0, part);
            for (int i = 0; i < x.length; i++) {
                if (Math.abs(x[i]) < 1e29) { // the first exponent of a WKV
                    largest = Math.max(largest, Math.abs(x[i]));
                }
                difference = Math.max(difference, Math.abs(x[i] - y[i]));
            }
        }
        return difference / largest;
    }
}
