package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.StatePart;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scalar.RectifiedLinear;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The matrix-valued WKV of RWKV-5 and 6 in chunks of L tokens; L = 1 is the recurrence itself. With c the running sum of the
 * logarithms of the decays within a chunk (c₋ up to the token before), for each head:
 * <pre>
 *   out_t = (r_t ⊙ e^(c₋_t)) S + Σ_{s&lt;t} ((r_t ⊙ k_s) · e^(c₋_t − c_s)) v_s
 *   S     = diag(e^(c_L)) S + Σ_s (k_s ⊙ e^(c_L − c_s)) v_sᵀ
 * </pre>
 * Decays can be as strong as e^−1000 per token, so {@code e^(c₋_t)} and {@code e^(−c_s)} must not be separate factors. They are
 * split at a token between the two instead: a chunk's later half attends to its earlier half with both exponents counted from
 * the middle, so that neither is positive; then the halves of the halves, and so on. Each level is one product of stacked
 * matrices.
 */
final class Wkv6 {
    private static final int LONGEST_CHUNK = 32;

    /** Beyond this a token's decay leaves nothing of float32's precision; sums of it stay precise. */
    private static final double STRONGEST = -50;

    private final ScratchArrays scratch;
    private final HeadLayout layout;

    /** Takes scratch arrays, which the caller releases. */
    Wkv6(ScratchArrays scratch, int tokens, int heads, int headSize) {
        this.scratch = scratch;
        this.layout = new HeadLayout(scratch, tokens, heads, headSize, LONGEST_CHUNK);
    }

    /**
     * @param run whose heads these are
     * @param out [T, C], as are all inputs
     */
    void apply(SequenceRun run, INDArray rows, INDArray keys, INDArray values, INDArray logDecay, StatePart state,
            INDArray out) {
        int length = layout.chunkLength;
        int n = layout.headSize;
        INDArray r = layout.split(rows);
        INDArray k = layout.split(keys);
        INDArray v = layout.split(values);
        INDArray sum = layout.split(logDecay); // c
        INDArray sumBefore = layout.take(length, n); // c₋
        // The larger of the two, like ScalarMax, which makes STRONGEST of NaN, however.
        Nd4j.getExecutioner().exec(new RectifiedLinear(sum, sum, STRONGEST));
        layout.runningSums(sum, sumBefore);

        INDArray y = layout.take(length, n).assign(0);
        for (int half = length / 2; half >= 1; half /= 2) {
            attend(r, k, v, sum, sumBefore, half, y);
        }
        INDArray rScaled = layout.take(length, n);
        r.muli(exp(sumBefore, rScaled), rScaled);
        INDArray total = layout.take(1, n).assign(HeadLayout.rows(sum, length - 1, length)); // c_L
        INDArray kScaled = layout.take(length, n);
        total.subi(sum, kScaled);
        k.muli(exp(kScaled, kScaled), kScaled);
        exp(total, total);
        carry(run, rScaled, kScaled, v, total, state, y);
        layout.join(y, out);
    }

    private static INDArray exp(INDArray x, INDArray out) {
        Nd4j.getExecutioner().exec(new Exp(x, out));
        return out;
    }

    /** Adds to y what each later half of 2·half tokens receives from the earlier half. */
    private void attend(INDArray r, INDArray k, INDArray v, INDArray sum, INDArray sumBefore, int half, INDArray y) {
        int mark = scratch.mark();
        int n = layout.headSize;
        int pairs = layout.chunks * layout.heads * layout.chunkLength / (2 * half);
        INDArray middle = pairRows(sum, pairs, half - 1, half, half);
        INDArray later = scratch.take(pairs * half, n).array.reshape(pairs, half, n);
        pairRows(sumBefore, pairs, half, 2 * half, half).subi(middle, later);
        exp(later, later).muli(pairRows(r, pairs, half, 2 * half, half));
        INDArray earlier = scratch.take(pairs * half, n).array.reshape(pairs, half, n);
        middle.subi(pairRows(sum, pairs, 0, half, half), earlier);
        exp(earlier, earlier).muli(pairRows(k, pairs, 0, half, half));

        INDArray weights = scratch.take(pairs * half, half).array.reshape(pairs, half, half);
        HeadOps.multiply(later, false, earlier, true, weights);
        INDArray earlierValues = scratch.take(pairs * half, n).array.reshape(pairs, half, n)
                .assign(pairRows(v, pairs, 0, half, half));
        INDArray received = scratch.take(pairs * half, n).array.reshape(pairs, half, n);
        HeadOps.multiply(weights, false, earlierValues, false, received);
        pairRows(y, pairs, half, 2 * half, half).addi(received);
        scratch.release(mark);
    }

    /** Some rows of each stretch of 2·half tokens, the same memory. */
    private INDArray pairRows(INDArray x, int pairs, int from, int to, int half) {
        return HeadLayout.rows(x.reshape(pairs, 2 * half, layout.headSize), from, to);
    }

    /** Takes the state from chunk to chunk. */
    private void carry(SequenceRun run, INDArray rScaled, INDArray kScaled, INDArray v, INDArray decay, StatePart state,
            INDArray y) {
        int n = layout.headSize;
        INDArray kv = layout.take(n, n); // for all chunks at once
        HeadOps.multiply(kScaled, true, v, false, kv);
        Nd4jActivations flat = scratch.take(layout.heads * n, n);
        run.writeBefore(state, flat.array);
        INDArray s = flat.array.reshape(layout.heads, n, n);
        INDArray received = scratch.take(layout.heads * layout.chunkLength, n).array.reshape(layout.heads,
                layout.chunkLength, n);
        for (int c = 0; c < layout.chunks; c++) {
            HeadOps.multiply(layout.chunk(rScaled, c), false, s, false, received);
            layout.chunk(y, c).addi(received);
            // The decay belongs to the key channel, the rows of S.
            s.muli(layout.chunk(decay, c).reshape(layout.heads, n, 1)).addi(layout.chunk(kv, c));
        }
        run.readAfter(state, flat.array, 0);
    }
}
