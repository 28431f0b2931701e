package io.rwkv.text.embedding;

import io.rwkv.core.Output;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.core.Step;
import io.rwkv.core.Want;
import io.rwkv.loader.Tokenizers;
import io.rwkv.text.ReadProgress;
import io.rwkv.text.internal.ListReader;
import io.rwkv.text.internal.TextList;
import io.rwkv.tokenizer.Tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;

/**
 * Turns texts into vectors. A text's vector is made from the hidden vectors of its tokens (the output of {@code ln_out}) and has
 * Euclidean length 1. The dot product of two such vectors is their cosine similarity. Texts may be of any length. Safe for any
 * number of threads. Does not own the model: the caller closes it.
 */
public final class SentenceEncoder {
    /** How one vector is made of the hidden vectors of a text's tokens. */
    public enum Pooling {
        /** The vector of the last token, which has seen the whole text. */
        LAST,
        /** The mean of the vectors of all tokens. */
        MEAN
    }

    private static final ReadProgress SILENT = (done, total) -> {};

    private final RwkvModel model;
    private final Tokenizer tokenizer;
    private final Pooling pooling;

    /**
     * Makes an encoder.
     *
     * @param model is not closed by this class
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model
     */
    public SentenceEncoder(RwkvModel model, Tokenizer tokenizer, Pooling pooling) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.pooling = Objects.requireNonNull(pooling, "pooling");
        Tokenizers.checkFits(tokenizer, model.config());
    }

    /** How one vector is made of the hidden vectors of a text's tokens. */
    public Pooling pooling() {
        return pooling;
    }

    /** The number of elements of a vector: the model's width. */
    public int dimensions() {
        return model.config().width();
    }

    /**
     * Encodes a text. The name of a special token in it, such as {@code "<|endoftext|>"}, is read as ordinary characters.
     *
     * @return [{@link #dimensions()}], finite, of Euclidean length 1; a new array
     * @throws IllegalArgumentException if the text has no tokens
     * @throws ArithmeticException if the model's vectors hold NaN or infinity, or only zeros
     * @throws IllegalStateException if the model is closed
     */
    public float[] encode(String text) {
        return encode(text, SILENT);
    }

    /** The same, and tells how far the text is read. */
    public float[] encode(String text, ReadProgress progress) {
        return encode(List.of(TextList.encode(tokenizer, text, "text")), i -> "text", progress).get(0);
    }

    /**
     * Encodes several texts together, which takes less time than one after the other: the weights are read once for many
     * tokens. Lengths may differ; nothing is padded. Needs no more memory for longer texts, apart from their tokens. Each text
     * gets the vector that {@link #encode} gives, up to rounding.
     *
     * @param texts none or more; none may be null. As in {@link #encode}
     * @return a vector for each text, in the order of the texts: a new list of new arrays
     * @throws IllegalArgumentException if a text has no tokens; the message names it, and nothing was computed
     * @throws ArithmeticException as {@link #encode}; the message names the text
     * @throws IllegalStateException if the model is closed
     */
    public List<float[]> encodeAll(List<String> texts) {
        return encodeAll(texts, SILENT);
    }

    /** The same, and tells how far the texts are read. */
    public List<float[]> encodeAll(List<String> texts, ReadProgress progress) {
        return encode(TextList.encode(tokenizer, texts, "texts"), i -> TextList.name("texts", i),
                Objects.requireNonNull(progress, "progress"));
    }

    private List<float[]> encode(List<int[]> texts, IntFunction<String> names, ReadProgress progress) {
        long total = texts.stream().mapToLong(text -> text.length).sum();
        List<float[]> vectors = new ArrayList<>(Collections.nCopies(texts.size(), null));
        ListReader.read(model, texts, new ListReader.Visitor() {
            // Of texts that have begun and not ended: as many as the reader holds states for.
            private final Map<Integer, double[]> sums = new HashMap<>();
            private long done;

            @Override
            public Step step(int text, int from, int to, int[] piece, RwkvState state) {
                boolean ends = to == texts.get(text).length;
                return Step.of(piece, state,
                        pooling == Pooling.MEAN ? Want.ALL_HIDDEN : ends ? Want.LAST_HIDDEN : Want.NOTHING);
            }

            @Override
            public void accept(int text, int from, int to, Output output) {
                double[] sum = sums.computeIfAbsent(text, t -> new double[dimensions()]);
                switch (output.want()) {
                    case ALL_HIDDEN -> Arrays.stream(output.allHidden()).forEach(hidden -> add(hidden, sum));
                    case LAST_HIDDEN -> add(output.hidden(), sum);
                    default -> {
                    }
                }
                if (to == texts.get(text).length) {
                    vectors.set(text, normalised(sums.remove(text), names.apply(text)));
                }
                done += to - from;
                progress.report(done, total);
            }

            @Override
            public String name(int text) {
                return names.apply(text);
            }
        });
        return vectors;
    }

    private static void add(float[] hidden, double[] sum) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += hidden[i];
        }
    }

    private static float[] normalised(double[] vector, String name) {
        double length = Math.sqrt(Arrays.stream(vector).map(x -> x * x).sum());
        // Each token's vector is sound; only their sum can be nothing, which has no direction.
        if (!(length > 0) || Double.isInfinite(length)) {
            throw new ArithmeticException(name + ": the vector has length " + length + ", and so no direction");
        }
        float[] out = new float[vector.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (vector[i] / length);
        }
        return out;
    }
}
