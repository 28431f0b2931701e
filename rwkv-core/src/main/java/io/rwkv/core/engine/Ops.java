package io.rwkv.core.engine;

import io.rwkv.core.tensor.StoredTensor;

/**
 * The operations that every RWKV version is written in. They work on T tokens: consecutive ones of one sequence, or those of
 * several sequences, one sequence after the other. One token of a sequence is the recurrent form, several are the parallel form,
 * with the same results. Most operations treat each row alone; those that do not take a {@link StatePart}, which says where
 * each sequence begins. {@code x₋} is the value of {@code x} for the previous token of the same sequence.
 *
 * <p>Shapes are [rows, columns], one row per token. A {@link Vector} has a row's length and is used for all rows. A row of C
 * channels consists of H heads of N channels each: C = H · N.
 *
 * <p>For one thread. Results belong to this object until it releases them. Arguments are not changed, unless a method says so.
 * Shapes are the caller's duty: an engine need not check them.
 */
public interface Ops extends AutoCloseable {
    /** Marks a point in the order of results, for {@link #release}. */
    int mark();

    /** Releases all results that were made since {@link #mark} returned this mark. */
    void release(int mark);

    /**
     * Copies rows of an embedding table.
     *
     * @param table [V, C], read row by row from its file
     * @param tokens ids from 0 to V − 1
     * @param from index of the first token in {@code tokens}
     * @param count number of tokens
     * @return [count, C]: the rows of {@code tokens[from]} to {@code tokens[from + count - 1]}
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
     * @param last [C]: before, the row that precedes a sequence's first one; after, its last row
     * @return [T, C]
     */
    Activations shift(Activations x, StatePart last);

    /**
     * {@code x + delta ⊙ weight}, with the same weight for all rows.
     *
     * @param x [T, C]
     * @param delta [T, C]
     * @param weight [C]
     * @return [T, C]
     */
    Activations mix(Activations x, Activations delta, Vector weight);

    /**
     * {@code x + delta ⊙ weight}, with a weight of its own for each row.
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
     * A linear map of each row that {@link #computeDeferred} computes, or this call already does. So maps that do not depend on
     * each other can be computed together. Until {@link #computeDeferred} returns, do not read the result, do not change
     * {@code x}, and release neither.
     *
     * @param x [T, inputs]
     * @return [T, outputs]
     */
    Activations defer(Projection map, Activations x);

    /** Computes all deferred maps. Maps that are still deferred when this object is closed are dropped. */
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
     * {@code x ⊙ weight}, with the same weight for all rows.
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
     * @param sum [T, C], changed
     * @param y [T, C]
     */
    void addTo(Activations sum, Activations y);

    /**
     * Copies {@code x}.
     *
     * @param x [T, C]
     * @return [T, C]
     */
    Activations copy(Activations x);

    /**
     * Copies {@code x} over {@code target}.
     *
     * @param target [T, C], changed
     * @param x [T, C]
     */
    void copyTo(Activations target, Activations x);

    /**
     * Repeats one row.
     *
     * @param row [C]
     * @param rows how many times
     * @return [rows, C]
     */
    Activations repeat(Vector row, int rows);

    /**
     * Copies some rows.
     *
     * @param x [T, C]
     * @param rows which ones, each from 0 to T − 1
     * @param from index of the first one in {@code rows}
     * @param count how many
     * @return [count, C]: rows {@code rows[from]} to {@code rows[from + count - 1]} of {@code x}
     */
    Activations pick(Activations x, int[] rows, int from, int count);

    /**
     * The logarithm of one token's probability for each row: {@code logit of the token − log Σ e^logit}.
     *
     * @param logits [T, V]
     * @param tokens a token of 0 to V − 1 for each row
     * @param from index of the first row's token in {@code tokens}
     * @return [T, 1]; NaN for a row that holds NaN or only −∞
     */
    Activations logProbabilities(Activations logits, int[] tokens, int from);

    /**
     * Group normalisation of each row, one group per head, with eps 64e-5; then {@code ⊙ weight + bias}.
     *
     * @param x [T, H · N]
     * @param weight [H · N]
     * @param bias [H · N]
     * @return [T, H · N]
     */
    Activations groupNorm(Activations x, int heads, Vector weight, Vector bias);

    /**
     * Divides each head of each row by its Euclidean length, or by 1e-12 if the length is less.
     *
     * @param x [T, H · N]
     * @return [T, H · N]
     */
    Activations unitHeads(Activations x, int heads);

    /**
     * {@code Σ(r ⊙ k ⊙ weight) · v} for each head of each row. The sum is over the head's channels.
     *
     * @param r [T, H · N]
     * @param k [T, H · N]
     * @param weight [H · N]
     * @param v [T, H · N]
     * @return [T, H · N]
     */
    Activations headBonus(Activations r, Activations k, Vector weight, Activations v, int heads);

    /**
     * Multiplies each row, as a row vector, by a matrix of its own.
     *
     * @param x [T, n]
     * @param matrices [T, n · n]: one matrix [n, n] per row, row-major
     * @return [T, n]
     */
    Activations timesOwnMatrix(Activations x, Activations matrices);

    /**
     * The WKV of RWKV-4: a weighted mean of the values {@code v} up to each token. A value's weight is {@code e^k}, times the
     * decay once for each token since then; the token itself gets a bonus instead. The state is a numerator {@code aa} and a
     * denominator {@code bb}, both scaled by {@code e^−pp}, so that no exponential can overflow.
     *
     * @param k [T, C]
     * @param v [T, C]
     * @param logDecay [C]: {@code −exp(time_decay)}, the logarithm of the decay per token
     * @param bonus [C]: {@code time_first}
     * @param aa [C], moves on
     * @param bb [C], moves on
     * @param pp [C], moves on
     * @return [T, C]
     */
    Activations wkv4(Activations k, Activations v, Vector logDecay, Vector bonus, StatePart aa, StatePart bb,
            StatePart pp);

    /**
     * The WKV of RWKV-5 and RWKV-6, whose state is a matrix per head, without the bonus for the token itself. For each head,
     * with S indexed [key channel i][value channel j]:
     * <pre>
     *   out_j = Σ_i r_i S_ij;   S_ij = e^{logDecay_i} S_ij + k_i v_j
     * </pre>
     *
     * @param r [T, H · N]
     * @param k [T, H · N]
     * @param v [T, H · N]
     * @param logDecay [T, H · N], each 0 or less
     * @param s [H, N, N], moves on
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
     * @param kk [T, H · N], of Euclidean length 1 in each head
     * @param add [T, H · N]: {@code kk ⊙ a}
     * @param s [H, N, N], moves on
     * @return [T, H · N]
     */
    Activations wkv7(Activations r, Activations k, Activations v, Activations logDecay, Activations kk,
            Activations add, int heads, StatePart s);

    /**
     * Copies some rows to a Java array, row-major.
     *
     * @param x [T, C]
     * @param row the first row, counted from 0
     * @param rows how many rows
     * @param to receives rows · C values
     * @param at index of the first one in {@code to}
     */
    void read(Activations x, int row, int rows, float[] to, int at);

    /**
     * Copies all rows to a Java array, row-major.
     *
     * @param x [T, C]
     * @param to receives T · C values
     * @param at index of the first one in {@code to}
     */
    default void read(Activations x, float[] to, int at) {
        read(x, 0, x.rows(), to, at);
    }

    /** Releases all results, and gives this object back to the engine. */
    @Override
    void close();
}
