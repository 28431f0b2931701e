package io.rwkv.core.internal.nd4j;

import io.rwkv.core.engine.StatePart;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Exp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * RWKV-7's WKV in chunks of L tokens; L = 1 is the recurrence itself. Let {@code u_t = −S_{t−1} kk_t} be what token t removes,
 * c the running sum of the logarithms of the decays within the chunk (c₋ up to the token before), and S the state before the
 * chunk. Then for each head, with one row per token in each matrix:
 * <pre>
 *   U = −(kk ⊙ e^c₋) Sᵀ + M_kb U + M_kk V        M_kb[t,s] = −(kk_t ⊙ e^c₋_t) · (b_s ⊙ e^−c_s), s &lt; t;  M_kk with k for b
 *   Y =  (r ⊙ e^c) Sᵀ   + R_b U + R_k V          R_b[t,s]  =  (r_t ⊙ e^c_t) · (b_s ⊙ e^−c_s),    s ≤ t;  R_k with k for b
 *   S =  S diag(e^c_L)  + Uᵀ (b ⊙ e^(c_L − c)) + Vᵀ (k ⊙ e^(c_L − c))
 * </pre>
 * where {@code b = kk ⊙ a}. U is the solution of a unit lower-triangular system, solved once for all chunks as the inverse of
 * {@code I − M_kb}. RWKV-7's decays are at most e^−0.61 per token, so over a chunk no factor leaves float32's range.
 */
final class Wkv7 {
    private static final int LONGEST_CHUNK = 32;

    private final ScratchArrays scratch;
    private final HeadLayout layout;
    private final int length;
    private final int n;

    /** Takes scratch arrays, which the caller releases. */
    Wkv7(ScratchArrays scratch, int tokens, int heads, int headSize) {
        this.scratch = scratch;
        this.layout = new HeadLayout(scratch, tokens, heads, headSize, LONGEST_CHUNK);
        this.length = layout.chunkLength;
        this.n = headSize;
    }

    /**
     * @param run whose heads these are
     * @param out [T, C], as are all inputs
     */
    void apply(SequenceRun run, INDArray rows, INDArray keys, INDArray values, INDArray logDecay, INDArray removalKeys,
            INDArray added,
            StatePart state, INDArray out) {
        INDArray r = layout.split(rows);
        INDArray k = layout.split(keys);
        INDArray v = layout.split(values);
        INDArray kk = layout.split(removalKeys);
        INDArray b = layout.split(added);
        INDArray sum = layout.split(logDecay); // c
        INDArray sumBefore = layout.take(length, n); // c₋
        layout.runningSums(sum, sumBefore);
        INDArray total = layout.take(1, n).assign(HeadLayout.rows(sum, length - 1, length)); // c_L

        INDArray toEnd = layout.take(length, n);
        exp(total.subi(sum, toEnd));
        INDArray kEnd = layout.take(length, n);
        k.muli(toEnd, kEnd);
        INDArray bEnd = layout.take(length, n);
        b.muli(toEnd, bEnd);
        kk.muli(exp(sumBefore)).negi();
        INDArray grown = layout.take(length, n).assign(sum).negi();
        exp(grown);
        k.muli(grown);
        b.muli(grown);
        r.muli(exp(sum));
        exp(total);

        INDArray solution = inverse(product(kk, b, false)); // of I − M_kb
        INDArray removedOfValues = layout.take(length, n);
        HeadOps.multiply(product(kk, k, false), false, v, false, removedOfValues); // M_kk V
        INDArray y = layout.take(length, n);
        HeadOps.multiply(product(r, k, true), false, v, false, y); // R_k V
        INDArray readAdded = product(r, b, true); // R_b
        INDArray kv = layout.take(n, n);
        HeadOps.multiply(v, true, kEnd, false, kv);
        carry(run, new Chunks(kk, r, solution, removedOfValues, readAdded, bEnd, kv, total), state, y);
        layout.join(y, out);
    }

    private static INDArray exp(INDArray x) {
        Nd4j.getExecutioner().exec(new Exp(x, x));
        return x;
    }

    /** {@code rows · columnsᵀ} for each head and chunk, below the diagonal or on and below it. */
    private INDArray product(INDArray rows, INDArray columns, boolean diagonal) {
        INDArray out = layout.take(length, length);
        HeadOps.multiply(rows, false, columns, true, out);
        float[] mask = new float[length * length];
        for (int t = 0; t < length; t++) {
            for (int s = 0; s < (diagonal ? t + 1 : t); s++) {
                mask[t * length + s] = 1;
            }
        }
        int mark = scratch.mark();
        INDArray masks = scratch.take(1, length * length).array;
        HostCopies.write(mask, 0, mask.length, masks, 0);
        out.muli(masks.reshape(1, length, length));
        scratch.release(mark);
        return out;
    }

    /** The inverse of {@code I − m} for strictly lower-triangular m, by forward substitution in all matrices at once. */
    private INDArray inverse(INDArray m) {
        INDArray inverse = layout.take(length, length).assign(0);
        int stack = layout.chunks * layout.heads;
        for (int t = 0; t < length; t++) {
            INDArray row = HeadLayout.rows(inverse, t, t + 1);
            if (t > 0) {
                int mark = scratch.mark();
                INDArray weights = scratch.take(stack, t).array.reshape(stack, 1, t)
                        .assign(m.get(NDArrayIndex.all(), NDArrayIndex.interval(t, t + 1),
                                NDArrayIndex.interval(0, t)));
                INDArray above = scratch.take(stack * t, length).array.reshape(stack, t, length)
                        .assign(HeadLayout.rows(inverse, 0, t));
                INDArray sum = scratch.take(stack, length).array.reshape(stack, 1, length);
                HeadOps.multiply(weights, false, above, false, sum);
                row.assign(sum);
                scratch.release(mark);
            }
            inverse.get(NDArrayIndex.all(), NDArrayIndex.point(t), NDArrayIndex.point(t)).assign(1);
        }
        return inverse;
    }

    /** What the chunks need of each other, [chunks · heads, …] each. */
    private record Chunks(INDArray remove, INDArray read, INDArray solution, INDArray removedOfValues,
            INDArray readAdded, INDArray addedAtEnd, INDArray valuesAtEnd, INDArray decay) {}

    /** Takes the state from chunk to chunk. */
    private void carry(SequenceRun run, Chunks all, StatePart state, INDArray y) {
        int heads = layout.heads;
        Nd4jActivations flat = scratch.take(heads * n, n);
        run.writeBefore(state, flat.array);
        INDArray s = flat.array.reshape(heads, n, n);
        INDArray right = scratch.take(heads * length, n).array.reshape(heads, length, n);
        INDArray u = scratch.take(heads * length, n).array.reshape(heads, length, n);
        INDArray received = scratch.take(heads * length, n).array.reshape(heads, length, n);
        INDArray change = scratch.take(heads * n, n).array.reshape(heads, n, n);
        for (int c = 0; c < layout.chunks; c++) {
            HeadOps.multiply(layout.chunk(all.remove, c), false, s, true, right);
            right.addi(layout.chunk(all.removedOfValues, c));
            HeadOps.multiply(layout.chunk(all.solution, c), false, right, false, u);

            INDArray out = layout.chunk(y, c);
            HeadOps.multiply(layout.chunk(all.read, c), false, s, true, received);
            out.addi(received);
            HeadOps.multiply(layout.chunk(all.readAdded, c), false, u, false, received);
            out.addi(received);

            HeadOps.multiply(u, true, layout.chunk(all.addedAtEnd, c), false, change);
            // The decay belongs to the key channel, the columns of S.
            s.muli(layout.chunk(all.decay, c)).addi(change).addi(layout.chunk(all.valuesAtEnd, c));
        }
        run.readAfter(state, flat.array, 0);
    }
}
