package io.rwkv.core.internal.nd4j;

import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.reduce.floating.Mean;
import org.nd4j.linalg.api.ops.impl.reduce.floating.Norm2;
import org.nd4j.linalg.api.ops.impl.reduce.same.Max;
import org.nd4j.linalg.api.ops.impl.reduce.same.Sum;
import org.nd4j.linalg.api.ops.impl.transforms.floating.RSqrt;
import org.nd4j.linalg.factory.Nd4j;

/** ND4J calls that several operations on rows and heads share. */
final class HeadOps {
    private HeadOps() {
    }

    /**
     * {@code (x − mean) / √(variance + eps)} of each row; ND4J's own layer norm has no eps.
     *
     * @param x [rows, columns]
     * @param out [rows, columns], other memory
     */
    static void normalise(ScratchArrays scratch, INDArray x, double eps, INDArray out) {
        int mark = scratch.mark();
        int rows = (int) x.size(0);
        INDArray moment = scratch.take(rows, 1).array;
        Nd4j.getExecutioner().exec(new Mean(x, moment, true, 1));
        x.subi(moment, out);
        INDArray squares = scratch.take(rows, (int) x.size(1)).array;
        out.muli(out, squares);
        Nd4j.getExecutioner().exec(new Mean(squares, moment, true, 1));
        moment.addi(eps);
        Nd4j.getExecutioner().exec(new RSqrt(moment, moment));
        out.muli(moment);
        scratch.release(mark);
    }

    /** The Euclidean length of each row, [rows, 1]. */
    static void lengths(INDArray x, INDArray out) {
        Nd4j.getExecutioner().exec(new Norm2(x, out, true, 1));
    }

    /** The largest of each row, [rows, 1]; NaN if there is one. */
    static void maxima(INDArray x, INDArray out) {
        Nd4j.getExecutioner().exec(new Max(x, out, true, 1));
    }

    /** A row [1, C] so many times after each other, [1, times · C]; the row itself if once. */
    static INDArray repeat(ScratchArrays scratch, INDArray row, int times) {
        if (times == 1) {
            return row;
        }
        long columns = row.size(1);
        INDArray out = scratch.take(times, (int) columns).array;
        out.assign(0).addi(row);
        return out.reshape(1, times * columns);
    }

    /** The sum of each row, [rows, 1]. */
    static void sums(INDArray x, INDArray out) {
        Nd4j.getExecutioner().exec(new Sum(x, out, true, 1));
    }

    /**
     * Matrix products of two stacks, one by one, either of which may be transposed.
     *
     * @param a [stack, m, n], or [stack, n, m] if transposed
     * @param b [stack, n, p], or [stack, p, n] if transposed
     * @param out [stack, m, p]
     */
    static void multiply(INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray out) {
        Nd4j.exec(new Mmul(a, b, out,
                MMulTranspose.builder().transposeA(transposeA).transposeB(transposeB).build()));
    }
}
