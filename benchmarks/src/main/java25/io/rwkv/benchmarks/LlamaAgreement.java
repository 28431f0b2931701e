package io.rwkv.benchmarks;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.TensorFile;
import io.rwkv.loader.Architecture;
import io.rwkv.loader.Checkpoints;
import io.rwkv.loader.GgufConverter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;

/**
 * Whether llama.cpp accepts what this library converts, and computes the same from it: checkpoints of RWKV-6 and RWKV-7 are
 * converted to every type, loaded by both, and given the same tokens.
 */
final class LlamaAgreement {
    private static final int TOKENS = 64;
    /** Of the largest logit. llama.cpp rounds activations to 8 bits where weights are in blocks, and to the type of others. */
    private static final double MOST_IN_BLOCKS = 0.1;
    private static final double MOST_IN_HALVES = 0.02;
    private static final double MOST = 1e-5;

    private LlamaAgreement() {
    }

    /** {@code --llama FOLDER CHECKPOINT...} Ends with 1 if llama.cpp computes something else. */
    public static void main(String[] args) throws IOException {
        if (args.length < 3 || !args[0].equals("--llama")) {
            System.err.println("llama: expected at least one checkpoint");
            System.exit(2);
        }
        LlamaCpp llama = new LlamaCpp(Path.of(args[1]));
        System.out.println("llama.cpp " + llama.version() + ", " + TOKENS + " random tokens at once");
        System.out.println("| checkpoint | type | largest difference of logits / largest logit |");
        System.out.println("|---|---|---|");
        boolean same = true;
        for (int i = 2; i < args.length; i++) {
            for (DType type : GgufConverter.types()) {
                double difference = difference(llama, Path.of(args[i]), type);
                System.out.printf(Locale.ROOT, "| %s | %s | %.1e |%n", Path.of(args[i]).getFileName(), type,
                        difference);
                same &= difference < most(type);
            }
        }
        System.exit(same ? 0 : 1);
    }

    private static double most(DType type) {
        return type.blockLength() > 1 ? MOST_IN_BLOCKS : type == DType.F32 ? MOST : MOST_IN_HALVES;
    }

    private static double difference(LlamaCpp llama, Path checkpoint, DType type) throws IOException {
        Path file = Files.createTempFile("llama", ".gguf");
        try {
            TensorFile tensors = Checkpoints.open(checkpoint);
            int vocabulary = Architecture.detect(tensors).vocabularySize();
            // Without a tokenizer: one that does not fit is refused, and no text is read.
            GgufConverter.convert(tensors, file, type, null, (done, total) -> {});
            int[] tokens = new Random(1).ints(TOKENS, 1, vocabulary).toArray();
            try (Contender ours = new Contender.Ours(file, "simd", 2, true);
                    Contender theirs = new Contender.Llama(llama, file, 2, 1, TOKENS, vocabulary)) {
                return difference(logits(ours, tokens), logits(theirs, tokens));
            }
        } finally {
            Files.delete(file);
        }
    }

    private static float[] logits(Contender contender, int[] tokens) {
        contender.read(tokens);
        return contender.logits();
    }

    private static double difference(float[] ours, float[] theirs) {
        double largest = 0;
        double most = 0;
        for (int i = 0; i < ours.length; i++) {
            most = Math.max(most, Math.abs(ours[i]));
            double difference = Math.abs((double) ours[i] - theirs[i]);
            largest = Math.max(largest, difference); // NaN if one is
        }
        return largest / most;
    }
}
