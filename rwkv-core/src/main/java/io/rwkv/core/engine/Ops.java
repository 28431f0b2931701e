package io.rwkv.core.engine;

import io.rwkv.core.tensor.StoredTensor;

/**
 * The operations an RWKV is made of, over T consecutive tokens of one sequence: T = 1 is the recurrent form, T &gt; 1 the
 * parallel form, with the same results. {@code x₋} stands for the previous token's value of {@code x}.
 *
 * <p>Shapes: [rows, columns], rows being tokens; a {@link Vector} of a row's length stands for all rows. H heads of N channels
 * each make up a row of C = H · N channels.
 *
 * <p>For one thread. Results belong to this object until they are released; arguments are read only, unless it says otherwise.
 */
public interface Ops extends AutoCloseable {
    /** The present point of allocation, for {@link #release}. */
    int mark();

    /** Releases all results made since the mark was taken. */
    void release(int mark);

    /**
     * Rows of an embedding table.
     *
     * @param table [V, C], read row by row from its file
     * @param tokens ids from 0 to V − 1
     * @return [count, C], for {@code tokens[from]} to {@code tokens[from + count - 1]}
     */
    Activations embed(StoredTensor table, int[] tokens, int from, int count);

    /**
     * Layer normalisation of each row with eps 1e-5: {@code (x − mean) / √(variance + eps) ⊙ weight + bias}.
     *
     * @param x [T, C]
     * @param weight [C]
     * @param bias [C]
     * @return [T, C]
     */
    Activations layerNorm(Activations x, Vector weight, Vector bias);

    /**
     * Token shift: {@code x₋ − x} for each row.
     *
     * @param x [T, C]
     * @param last [C]: the row before the first one; receives the last row
     * @return [T, C]
     */
    Activations shift(Activations x, StatePart last);

    /**
     * {@code x + delta ⊙ weight}, the weight being the same for all rows.
     *
     * @param x [T, C]
     * @param delta [T, C]
     * @param weight [C]
     * @return [T, C]
     */
    Activations mix(Activations x, Activations delta, Vector weight);

    /**
     * {@code x + delta ⊙ weight}, with a weight for each row.
     *
     * @param x [T, C]
     * @param delta [T, C]
     * @param weight [T, C]
     * @return [T, C]
     */
    Activations mix(Activations x, Activations delta, Activations weight);

    /**
     * {@code W·x} for each row.
     *
     * @param w [outputs, inputs]
     * @param x [T, inputs]
     * @return [T, outputs]
     */
    Activations linear(Matrix w, Activations x);

    /**
     * A linear map of each row, which is computed by {@link #computeDeferred} at the latest: maps that do not depend on each
     * other can so be computed together. Until then the result is not to be read, {@code x} not to be changed,
     * and neither to be released.
     *
     * @param x [T, inputs]
     * @return [T, outputs]
     */
    Activations defer(Projection map, Activations x);

    /** Computes what has been deferred; what never is, is dropped when this object is closed. */
    void computeDeferred();

    /**
     * {@code f(x)}, element by element.
     *
     * @param x [T, C]
     * @return [T, C]
     */
    Activations apply(Nonlinearity f, Activations x);

    /**
     * {@code f(gate) ⊙ x}.
     *
     * @param gate [T, C]
     * @param x [T, C]
     * @return [T, C]
     */
    Activations gate(Nonlinearity f, Activations gate, Activations x);

    /**
     * {@code x ⊙ y}.
     *
     * @param x [T, C]
     * @param y [T, C]
     * @return [T, C]
     */
    Activations multiply(Activations x, Activations y);

    /**
     * {@code x ⊙ weight}, the weight being the same for all rows.
     *
     * @param x [T, C]
     * @param weight [C]
     * @return [T, C]
     */
    Activations scale(Activations x, Vector weight);

    /**
     * {@code x − y}.
     *
     * @param x [T, C]
     * @param y [T, C]
     * @return [T, C]
     */
    Activations subtract(Activations x, Activations y);

    /**
     * Adds {@code y} to {@code sum}, in place.
     *
     * @param sum [T, C]
     * @param y [T, C]
     */
    void addTo(Activations sum, Activations y);

    /**
     * A copy.
     *
     * @param x [T, C]
     * @return [T, C]
     */
    Activations copy(Activations x);

    /**
     * Copies {@code x} over {@code target}.
     *
     * @param target [T, C]
     * @param x [T, C]
     */
    void copyTo(Activations target, Activations x);

    /**
     * The same row so many times.
     *
     * @param row [C]
     * @return [rows, C]
     */
    Activations repeat(Vector row, int rows);

    /**
     * A copy of the last row.
     *
     * @param x [T, C]
     * @return [1, C]
     */
    Activations lastRow(Activations x);

    /**
     * Group normalisation of each row with a group for each head and eps 64e-5, then {@code ⊙ weight + bias}.
     *
     * @param x [T, H · N]
     * @param weight [H · N]
     * @param bias [H · N]
     * @return [T, H · N]
     */
    Activations groupNorm(Activations x, int heads, Vector weight, Vector bias);

    /**
     * Each head of each row divided by its Euclidean length, or by 1e-12 if that is more.
     *
     * @param x [T, H · N]
     * @return [T, H · N]
     */
    Activations unitHeads(Activations x, int heads);

    /**
     * {@code Σ(r ⊙ k ⊙ weight) · v} for each head of each row, the sum being over the head's channels.
     *
     * @param r [T, H · N]
     * @param k [T, H · N]
     * @param weight [H · N]
     * @param v [T, H · N]
     * @return [T, H · N]
     */
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
     * @param k [T, C]
     * @param v [T, C]
     * @param logDecay [C]: {@code −exp(time_decay)}, the logarithm of the factor per token
     * @param bonus [C]: {@code time_first}
     * @param aa [C]
     * @param bb [C]
     * @param pp [C]
     * @return [T, C]
     */
    Activations wkv4(Activations k, Activations v, Vector logDecay, Vector bonus, StatePart aa, StatePart bb,
            StatePart pp);

    /**
     * The matrix-valued WKV of RWKV-5 and RWKV-6, without the bonus for the token itself. For each head, with S indexed
     * [key channel i][value channel j]:
     * <pre>
     *   out_j = Σ_i r_i S_ij;   S_ij = e^{logDecay_i} S_ij + k_i v_j
     * </pre>
     *
     * @param r [T, H · N]
     * @param k [T, H · N]
     * @param v [T, H · N]
     * @param logDecay [T, H · N], none positive
     * @param s [H, N, N]
     * @return [T, H · N]
     */
    Activations wkv6(Activations r, Activations k, Activations v, Activations logDecay, int heads, StatePart s);

    /**
     * The WKV of RWKV-7. For each head, with S indexed [value channel i][key channel j]:
     * <pre>
     *   S = S · diag(e^logDecay) − (S · kk) · addᵀ + v · kᵀ;   out = S · r
     * </pre>
     *
     * @param r [T, H · N]
     * @param k [T, H · N]
     * @param v [T, H · N]
     * @param logDecay [T, H · N], from −0.61 to 0
     * @param kk [T, H · N], of length 1 in each head
     * @param add [T, H · N]: {@code kk ⊙ a}
     * @param s [H, N, N]
     * @return [T, H · N]
     */
    Activations wkv7(Activations r, Activations k, Activations v, Activations logDecay, Activations kk,
            Activations add, int heads, StatePart s);

    /**
     * Copies some rows to {@code to[at…]}, row-major.
     *
     * @param x [T, C]
     * @param row the first, from 0
     * @param rows how many
     */
    void read(Activations x, int row, int rows, float[] to, int at);

    /**
     * Copies all rows to {@code to[at…]}, row-major.
     *
     * @param x [T, C]
     */
    default void read(Activations x, float[] to, int at) {
        read(x, 0, x.rows(), to, at);
    }

    /** Gives everything back. */
    @Override
    void close();
}
