package io.rwkv.text.embedding;

import io.rwkv.core.RwkvModel;
import io.rwkv.core.RwkvState;
import io.rwkv.loader.Tokenizers;
import io.rwkv.tokenizer.Tokenizer;

import java.util.Arrays;
import java.util.Objects;

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

    private static final int PIECE = 512;

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
