package io.rwkv.core.internal.tensor;

/** Half-precision numbers. */
final class Halves {
    private Halves() {
    }

    /** Exact for every half-precision number, subnormals, infinities and NaN included. */
    static float toFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = half >>> 10 & 0x1F;
        int mantissa = half & 0x3FF;
        if (exponent == 0) {
            float magnitude = mantissa * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        int widened = exponent == 0x1F ? 0xFF : exponent - 15 + 127;
        return Float.intBitsToFloat(sign | widened << 23 | mantissa << 13);
    }

    /** To nearest, ties to even. */
    static short ofFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7FFFFFFF;
        if (magnitude > 0x7F800000) {
            return (short) (sign | 0x7E00); // NaN, whatever its payload
        }
        if (magnitude >= 0x477FF000) {
            return (short) (sign | 0x7C00); // 65520 and more are nearer to the next power of two than to 65504
        }
        if (magnitude < 0x38800000) {
            // Below 2^-14: a multiple of 2^-24, which the float addition rounds to as it lines up the exponents.
            float aligned = Float.intBitsToFloat(magnitude) + 0.5f;
            return (short) (sign | Float.floatToRawIntBits(aligned) - 0x3F000000);
        }
        int even = magnitude >>> 13 & 1;
        return (short) (sign | magnitude - (112 << 23) + 0xFFF + even >>> 13);
    }
}
