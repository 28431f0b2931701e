package io.rwkv.simd;

import static io.rwkv.simd.Lanes.FLOATS;
import static io.rwkv.simd.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Sums over ranges of arrays, and what is made of them. */
final class Reductions {
    private Reductions() {
    }

    /** {@code Σ x}. */
    static float sum(float[] x, int at, int count) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i + L <= count; i += L) {
            sums = sums.add(FloatVector.fromArray(FLOATS, x, at + i));
        }
        float sum = sums.reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            sum += x[at + i];
        }
        return sum;
    }

    /** {@code Σ (x − shift)²}. */
    static float squares(float[] x, int at, int count, float shift) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i + L <= count; i += L) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i).sub(shift);
            sums = v.fma(v, sums);
        }
        float sum = sums.reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            float v = x[at + i] - shift;
            sum += v * v;
        }
        return sum;
    }

    /** {@code Σ x ⊙ y ⊙ w}, w from another place on. */
    static float dot(float[] x, float[] y, int at, float[] w, int weightAt, int count) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i + L <= count; i += L) {
            sums = FloatVector.fromArray(FLOATS, x, at + i).mul(FloatVector.fromArray(FLOATS, y, at + i))
                    .fma(FloatVector.fromArray(FLOATS, w, weightAt + i), sums);
        }
        float sum = sums.reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            sum += x[at + i] * y[at + i] * w[weightAt + i];
        }
        return sum;
    }

    /** {@code (x − mean) / √(variance + eps) ⊙ weight + bias} over a range, the weights from another place on. */
    static void normalise(float[] x, int at, int count, float eps, float[] weight, float[] bias, int weightAt,
            float[] out) {
        float mean = sum(x, at, count) / count;
        float scale = (float) (1 / Math.sqrt(squares(x, at, count, mean) / count + eps));
        int i = 0;
        for (; i + L <= count; i += L) {
            FloatVector.fromArray(FLOATS, x, at + i).sub(mean).mul(scale)
                    .fma(FloatVector.fromArray(FLOATS, weight, weightAt + i),
                            FloatVector.fromArray(FLOATS, bias, weightAt + i))
                    .intoArray(out, at + i);
        }
        for (; i < count; i++) {
            out[at + i] = (x[at + i] - mean) * scale * weight[weightAt + i] + bias[weightAt + i];
        }
    }
}
