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

    /** {@code x + delta ⊙ weight}, with a weight for each row. */
    Activations mix(Activations x, Activations delta, Activations weight);

    /** {@code W·x} for each row. */
    Activations linear(Matrix w, Activations x);

    /**
     * A linear map of each row, which is computed by {@link #computeDeferred} at the latest: maps that do not depend on each
     * other can so be computed together. Until then the result is not to be read, {@code x} not to be changed,
     * and neither to be released.
     */
    Activations defer(Projection map, Activations x);

    /** Computes what has been deferred; what never is, is dropped when this object is closed. */
    void computeDeferred();

    /** {@code f(x)}, element by element. */
    Activations apply(Nonlinearity f, Activations x);

    /** {@code f(gate) ⊙ x}. */
    Activations gate(Nonlinearity f, Activations gate, Activations x);

    /** {@code x ⊙ weight}, the weight being the same for all rows. */
    Activations scale(Activations x, Vector weight);

    /** {@code x − y}. */
    Activations subtract(Activations x, Activations y);

    /** Adds {@code y} to {@code sum}, in place. */
    void addTo(Activations sum, Activations y);

    /** A copy. */
    Activations copy(Activations x);

    /** Copies {@code x} over {@code target}, which has its shape. */
    void copyTo(Activations target, Activations x);

    /** The same row so many times. */
    Activations repeat(Vector row, int rows);

    /** A copy of the last row, [1, channels]. */
    Activations lastRow(Activations x);

    /** Group normalisation with a group for each head and eps 64e-5, then {@code ⊙ weight + bias}. */
    Activations groupNorm(Activations x, int heads, Vector weight, Vector bias);

    /** Each head of each row divided by its Euclidean length, or by 1e-12 if that is more. */
    Activations unitHeads(Activations x, int heads);

    /** {@code Σ(r ⊙ k ⊙ weight) · v} for each head of each row, the sum being over the head's channels. */
    Activations headBonus(Activations r, Activations k, Vector weight, Activations v, int heads);

    /**
     * A row vector times a matrix of each row's own.
     *
     * @param x [T, n]
     * @param matrices [T, n · n], row-major
     * @return [T, n]
     */
    Activations timesOwnMatrix(Activations x, Activations matrices);

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

    /**
     * The matrix-valued WKV of RWKV-5 and RWKV-6, without the bonus for the token itself. For each head, with S indexed
     * [key channel i][value channel j]:
     * <pre>
     *   out_j = Σ_i r_i S_ij;   S_ij = e^{logDecay_i} S_ij + k_i v_j
     * </pre>
     *
     * @param logDecay [T, C], none positive
     * @param s [heads, N, N]
     */
    Activations wkv6(Activations r, Activations k, Activations v, Activations logDecay, int heads, StatePart s);

    /**
     * The WKV of RWKV-7. For each head, with S indexed [value channel i][key channel j]:
     * <pre>
     *   S = S · diag(e^logDecay) − (S · kk) · addᵀ + v · kᵀ;   out = S · r
     * </pre>
     *
     * @param logDecay [T, C], from −0.61 to 0
     * @param kk [T, C], of length 1 in each head
     * @param add [T, C]: {@code kk ⊙ a}
     * @param s [heads, N, N]
     */
    Activations wkv7(Activations r, Activations logDecay, Activations k, Activations v, Activations kk,
            Activations add, int heads, StatePart s);

    /** Copies all rows to {@code to[at…]}. */
    void read(Activations x, float[] to, int at);

    /** Copies all rows to the rows of a float32 matrix with as many columns, from row {@code row} on. */
    void read(Activations x, INDArray to, long row);

    /** Gives everything back. */
    @Override
    void close();
}
