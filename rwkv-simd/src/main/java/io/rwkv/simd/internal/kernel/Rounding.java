package io.rwkv.simd.internal.kernel;

import static io.rwkv.simd.internal.memory.Lanes.FLOATS;
import static io.rwkv.simd.internal.memory.Lanes.INTS;
import static io.rwkv.simd.internal.memory.Lanes.L;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Numbers rounded to integers in blocks of 32 with a common scale, such that the largest of a block becomes the limit. What
 * is not finite makes the scale of its block NaN.
 */
public final class Rounding {
    static final int BLOCK = 32;
    /** For products with 4-bit weights: a block's sum of products then fits 16 bits. */
    public static final int LIMIT_4 = 127;
    /** For products with 8-bit weights: a block's sum of products then fits 32 bits. */
    static final int LIMIT_8 = (1 << 19) - 1;
    /** Blocks of nothing larger count as zero: what would take them to the limit is beyond the range of a float. */
    static final float LEAST = 0x1p-100f;
    /** Adding it rounds to an integer, which then stands in the lowest bits. */
    private static final float ROUND = 0x1.8p23f;

    private Rounding() {
    }

    /** Rounds one block and returns its scale. */
    public static float round(float[] x, int at, int limit, int[] out, int to) {
        float most = most(x, at);
        FloatVector inverse = inverse(most, limit);
        for (int j = 0; j < BLOCK; j += L) {
            FloatVector.fromArray(FLOATS, x, at + j).fma(inverse, FloatVector.broadcast(FLOATS, ROUND))
                    .reinterpretAsInts().sub(Float.floatToRawIntBits(ROUND)).intoArray(out, to + j);
        }
        return scale(most, limit);
    }

    /** The same numbers times their scales, of {@code from} to {@code to - 1}, which are whole blocks. */
    public static void round(float[] x, int limit, float[] out, int from, int to) {
        for (int k = from; k < to; k += BLOCK) {
            float most = most(x, k);
            FloatVector inverse = inverse(most, limit);
            float scale = scale(most, limit);
            for (int j = k; j < k + BLOCK; j += L) {
                FloatVector.fromArray(FLOATS, x, j).fma(inverse, FloatVector.broadcast(FLOATS, ROUND)).sub(ROUND)
                        .mul(scale).intoArray(out, j);
            }
        }
    }

    /** Puts the lower half of each number of a block into both halves. */
    static void pair(int[] x, int at) {
        for (int j = at; j < at + BLOCK; j += L) {
            IntVector v = IntVector.fromArray(INTS, x, j);
            v.lanewise(VectorOperators.LSHL, 16).or(v.and(0xFFFF)).intoArray(x, j);
        }
    }

    /** The sum of a block. */
    static int sum(int[] x, int at) {
        IntVector sums = IntVector.fromArray(INTS, x, at);
        for (int j = L; j < BLOCK; j += L) {
            sums = sums.add(IntVector.fromArray(INTS, x, at + j));
        }
        return sums.reduceLanes(VectorOperators.ADD);
    }

    /** The largest magnitude, or NaN if there is one. */
    private static float most(float[] x, int at) {
        // Without their signs, floats are in the order of their bits, and NaN is beyond all numbers.
        IntVector most = IntVector.zero(INTS);
        for (int j = at; j < at + BLOCK; j += L) {
            most = most.max(FloatVector.fromArray(FLOATS, x, j).reinterpretAsInts().and(Integer.MAX_VALUE));
        }
        return Float.intBitsToFloat(most.reduceLanes(VectorOperators.MAX));
    }

    /** Infinity becomes NaN: the numbers of its block are lost, their signs too. */
    private static float scale(float most, int limit) {
        return most / limit + (most - most);
    }

    private static FloatVector inverse(float most, int limit) {
        return FloatVector.broadcast(FLOATS, most < LEAST ? 0 : limit / most);
    }
}
