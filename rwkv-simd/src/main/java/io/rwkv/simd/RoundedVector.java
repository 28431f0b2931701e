package io.rwkv.simd;

/**
 * A vector rounded to eight bits in blocks of 32 with a common scale, in the form that {@link BlockGemv#q4} wants. Used again
 * for other vectors; for one thread at a time to fill.
 */
final class RoundedVector {
    private static final int BLOCK = BlockGemv.BLOCK;
    private static final int WEIGHT_OFFSET = 8;
    /** Blocks of nothing larger count as zero: what would take them to 127 is beyond the range of a float. */
    private static final float LEAST = 0x1p-120f;

    /** For every four columns x₀, x₁ − 16 x₀, x₂ − 16 x₁, x₃ − 16 x₂, modulo 2¹⁶. */
    short[] factors = new short[0];
    /** For every block −8 times the sum of its numbers, which takes the offset of the weights back. */
    short[] offsets = new short[0];
    /** For every block what its numbers are to be multiplied by. */
    float[] scales = new float[0];

    /** @param n a multiple of 32 */
    void round(float[] x, int at, int n) {
        if (factors.length < n) {
            factors = new short[n];
            offsets = new short[n / BLOCK];
            scales = new float[n / BLOCK];
        }
        for (int k = 0; k < n; k += BLOCK) {
            float most = most(x, at + k);
            float scale = most / 127;
            float inverse = most < LEAST ? 0 : 127 / most;
            int sum = 0;
            int before = 0;
            for (int j = 0; j < BLOCK; j++) {
                int rounded = nearest(x[at + k + j] * inverse);
                sum += rounded;
                factors[k + j] = (short) (j % 4 == 0 ? rounded : rounded - 16 * before);
                before = rounded;
            }
            offsets[k / BLOCK] = (short) (-WEIGHT_OFFSET * sum);
            scales[k / BLOCK] = scale;
        }
    }

    /** The numbers that {@link #round(float[], int, int)} makes, as floats, so that every form of a product sees the same. */
    static void round(float[] x, float[] out, int n) {
        for (int k = 0; k < n; k += BLOCK) {
            float most = most(x, k);
            float scale = most / 127;
            float inverse = most < LEAST ? 0 : 127 / most;
            for (int j = k; j < k + BLOCK; j++) {
                out[j] = nearest(x[j] * inverse) * scale;
            }
        }
    }

    private static float most(float[] x, int at) {
        float most = 0;
        for (int j = at; j < at + BLOCK; j++) {
            most = Math.max(most, Math.abs(x[j]));
        }
        return most;
    }

    /** The nearest integer of a number between −127 and 127. */
    private static int nearest(float x) {
        return (int) (x + 128.5f) - 128;
    }
}
