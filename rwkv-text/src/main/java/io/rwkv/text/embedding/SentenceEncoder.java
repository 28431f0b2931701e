package io.rwkv.text.embedding;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Tokenizers;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Arrays;
import java.util.Objects;

/**
 * Turns texts into vectors of the model's width and of length 1, made from the vectors after {@code ln_out}. The dot product
 * of two is their cosine similarity. Texts may be of any length. Safe for any number of threads.
 */
public final class SentenceEncoder {
    /** Which of a text's vectors are taken. */
    public enum Pooling {
        /** That of the last token, which has seen the whole text. */
        LAST,
        /** The mean over all tokens. */
        MEAN
    }

    private static final int PIECE = 512;

    private final RwkvModel model;
    private final Tokenizer tokenizer;
    private final Pooling pooling;

    /**
     * Neither is closed by this class.
     *
     * @throws IllegalArgumentException if the tokenizer has more tokens than the model's vocabulary
     */
    public SentenceEncoder(RwkvModel model, Tokenizer tokenizer, Pooling pooling) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.pooling = Objects.requireNonNull(pooling, "pooling");
        Tokenizers.checkFits(tokenizer, model.config());
    }

    /** Which of a text's vectors are taken. */
    public Pooling pooling() {
        return pooling;
    }

    /** The length of the vectors. */
    public int dimensions() {
        return model.config().width();
    }

    /**
     * Encodes a text. Where it spells out a special token, as {@code "<|endoftext|>"}, it means these characters.
     *
     * @return [{@link #dimensions()}], of Euclidean length 1; finite
     * @throws IllegalArgumentException if the text has no tokens
     * @throws ArithmeticException if the model gives vectors that are not numbers, or nothing but zeros
     */
    public float[] encode(String text) {
        int[] tokens = tokenizer.encodeOrdinary(text);
        if (tokens.length == 0) {
            throw new IllegalArgumentException("text: expected at least one token, found none");
        }
        return normalised(pooling == Pooling.LAST ? last(tokens) : sum(tokens));
    }

    private double[] last(int[] tokens) {
        float[] hidden = model.hidden(tokens, model.newState());
        double[] out = new double[hidden.length];
        Arrays.setAll(out, i -> hidden[i]);
        return out;
    }

    /** Piece by piece: the vectors of a long text's tokens would not all fit into memory. */
    private double[] sum(int[] tokens) {
        double[] sum = new double[dimensions()];
        RwkvState state = model.newState();
        for (int from = 0; from < tokens.length; from += PIECE) {
            int[] piece = Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + PIECE));
            for (float[] hidden : model.allHidden(piece, state)) {
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += hidden[i];
                }
            }
        }
        return sum;
    }

    private static float[] normalised(double[] vector) {
        double length = Math.sqrt(Arrays.stream(vector).map(x -> x * x).sum());
        // Each token's vector is sound; only their sum can be nothing, which has no direction.
        if (!(length > 0) || Double.isInfinite(length)) {
            throw new ArithmeticException("the text's vector has length " + length + ", and so no direction");
        }
        float[] out = new float[vector.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (vector[i] / length);
        }
        return out;
    }
}
