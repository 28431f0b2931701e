package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@code log Σ e^x} of whole rows, in pieces that stay in the first-level cache. For one thread. */
public final class LogSumExp {
    private static final int PIECE = 1024;

    private final float[] piece = new float[PIECE];

    /** Of so many numbers from {@code at} on, at least one; NaN if one is NaN or +∞, or all are −∞. */
    public float of(float[] x, int at, int count) {
        float most = most(x, at, count);
        double sum = 0;
        for (int done = 0; done < count; done += PIECE) {
            int n = Math.min(PIECE, count - done);
            Elementwise.subtract(x, at + done, most, piece, 0, n);
            VectorMath.exp(piece, 0, 1, piece, 0, n);
            sum += Reductions.sum(piece, 0, n);
        }
        return (float) (most + Math.log(sum));
    }

    /** Of what holds NaN any number: the sum will be NaN all the same. */
    private static float most(float[] x, int at, int count) {
        FloatVector most = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i + L <= count; i += L) {
            most = most.max(FloatVector.fromArray(FLOATS, x, at + i));
        }
        float result = most.reduceLanes(VectorOperators.MAX);
        for (; i < count; i++) {
            result = Math.max(result, x[at + i]);
        }
        return result;
    }
}
