package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.INTS;
import static io.rwkv.simd.internal.memory.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/** Sums over ranges of arrays, and what is made of them. */
final class Reductions {
    private static final VectorShuffle<Float> BY_8 = VectorShuffle.iota(FLOATS, 8, 1, true);
    private static final VectorShuffle<Float> BY_4 = VectorShuffle.iota(FLOATS, 4, 1, true);
    private static final VectorShuffle<Float> BY_2 = VectorShuffle.iota(FLOATS, 2, 1, true);
    private static final VectorShuffle<Float> BY_1 = VectorShuffle.iota(FLOATS, 1, 1, true);

    private Reductions() {
    }

    /**
     * The sum of all lanes, in one order always. The JDK's own adds in one order before it is compiled and in another after,
     * so that a model would answer differently in the last digits from one call to the next.
     */
    static float sum(FloatVector v) {
        return fold(fold(toFour(v), BY_2), BY_1).lane(0);
    }

    // So short that even the JVM's first compiler inlines them: else a compiled method of their own is called, to which vectors
    // go as objects.
    private static FloatVector toFour(FloatVector v) {
        return L < 8 ? v : fold(toEight(v), BY_4);
    }

    private static FloatVector toEight(FloatVector v) {
        return L < 16 ? v : fold(v, BY_8);
    }

    private static FloatVector fold(FloatVector v, VectorShuffle<Float> by) {
        return v.add(v.rearrange(by));
    }

    /** {@code Σ x}. */
    static float sum(float[] x, int at, int count) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i + L <= count; i += L) {
            sums = sums.add(FloatVector.fromArray(FLOATS, x, at + i));
        }
        float sum = sum(sums);
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
        float sum = sum(sums);
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
        float sum = sum(sums);
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

    /** For each column of some rows something other than 0 where one of them is not zero. */
    static void nonzeros(float[] x, int at, int columns, int rows, int[] out) {
        int k = 0;
        for (; k + L <= columns; k += L) {
            IntVector any = IntVector.zero(INTS);
            for (int t = 0; t < rows; t++) {
                // Without its sign, a zero has no bits.
                any = any.or(FloatVector.fromArray(FLOATS, x, at + t * columns + k).reinterpretAsInts()
                        .lanewise(VectorOperators.LSHL, 1));
            }
            any.intoArray(out, k);
        }
        for (; k < columns; k++) {
            int any = 0;
            for (int t = 0; t < rows; t++) {
                any |= Float.floatToRawIntBits(x[at + t * columns + k]) << 1;
            }
            out[k] = any;
        }
    }
}
