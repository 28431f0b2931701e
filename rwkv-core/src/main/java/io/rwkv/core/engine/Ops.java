package io.rwkv.core.engine;

import io.rwkv.core.tensor.StoredTensor;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The operations an RWKV is made of, over T consecutive tokens of one sequence: T = 1 is the recurrent form, T &gt; 1 the
 * parallel form, with the same results. {@code x₋} stands for the previous token's value of {@code x}.
 *
 * <p>For one thread. Results belong to this object until they are released.
 */
public interface Ops extends AutoCloseable {
    /** The present point of allocation, for {@link #release}. */
    int mark();

    /** Releases all results made since the mark was taken. */
    void release(int mark);

    /**
     * Rows of an embedding table.
     *
     * @param table [vocabulary, channels], read row by row from its file
     * @param tokens ids in the range of the table
     * @return [count, channels], for {@code tokens[from]} to {@code tokens[from + count - 1]}
     */
    Activations embed(StoredTensor table, int[] tokens, int from, int count);

    /** Layer normalisation of each row with eps 1e-5: {@code (x − mean) / √(variance + eps) ⊙ weight + bias}. */
    Activations layerNorm(Activations x, Vector weight, Vector bias);

    /**
     * Token shift: {@code x₋ − x} for each row.
     *
     * @param last [channels]: the row before the first one; receives the last row
     */
    Activations shift(Activations x, StatePart last);

    /** {@code x + delta ⊙ weight}, the weight being the same for all rows. */
    Activations mix(Activations x, Activations delta, Vector weight);

    /** {@code W·x} for each row. */
    Activations linear(Matrix w, Activations x);

    /** {@code σ(gate) ⊙ x}. */
    Activations sigmoidGate(Activations gate, Activations x);

    /** {@code max(x, 0)²}. */
    Activations squaredRelu(Activations x);

    /** Adds {@code y} to {@code sum}, in place. */
    void addTo(Activations sum, Activations y);

    /** A copy of the last row, [1, channels]. */
    Activations lastRow(Activations x);

    /**
     * The WKV of RWKV-4: a mean of the values up to each token, weighted by {@code e^key}, by a decay for each token passed,
     * and by a bonus for the token itself. The three parts of the state are a numerator {@code aa} and a denominator
     * {@code bb}, both scaled by {@code e^−pp}, so that no exponential can overflow.
     *
     * @param decay [channels]: {@code w = −exp(time_decay)}, the logarithm of the factor per token
     * @param bonus [channels]: {@code u = time_first}
     */
    Activations wkv4(Activations k, Activations v, Vector decay, Vector bonus, StatePart aa, StatePart bb,
            StatePart pp);

    /** Copies all rows to {@code to[at…]}. */
    void read(Activations x, float[] to, int at);

    /** Copies all rows to the rows of a float32 matrix with as many columns, from row {@code row} on. */
    void read(Activations x, INDArray to, long row);

    /** Gives everything back. */
    @Override
    void close();
}
