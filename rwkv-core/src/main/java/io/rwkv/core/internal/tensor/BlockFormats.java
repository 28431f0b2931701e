package io.rwkv.core.internal.tensor;

import io.rwkv.core.tensor.DType;

import java.nio.ByteBuffer;

/**
 * The block formats of <a href="https://github.com/ggml-org/ggml">ggml</a>, as GGUF files hold them. Buffers are
 * little-endian and indices absolute; counts are whole blocks.
 *
 * <p>Sub-formats with a minimum {@code m} hold unsigned numbers {@code q} and mean {@code d·q + m}, or {@code d·q − m} in the
 * formats of 256; the others hold signed numbers and mean {@code d·q}.
 */
final class BlockFormats {
    private static final int SMALL = 32;
    private static final int LARGE = 256;

    private BlockFormats() {
    }

    static void widen(DType dtype, ByteBuffer from, int byteOffset, float[] to, int at, int count) {
        int blocks = count / dtype.blockLength();
        for (int i = 0; i < blocks; i++) {
            int p = byteOffset + i * dtype.blockBytes();
            int o = at + i * dtype.blockLength();
            switch (dtype) {
                case Q8_0 -> q8(from, p, to, o);
                case Q4_0 -> q4(from, p + 2, half(from, p), 8, 0, to, o);
                case Q4_1 -> q4(from, p + 4, half(from, p), 0, half(from, p + 2), to, o);
                case Q5_0 -> q5(from, p + 2, half(from, p), 16, 0, to, o);
                case Q5_1 -> q5(from, p + 4, half(from, p), 0, half(from, p + 2), to, o);
                case Q4_K -> q4or5k(from, p, -1, p + 16, to, o);
                case Q5_K -> q4or5k(from, p, p + 16, p + 48, to, o);
                case Q6_K -> q6k(from, p, to, o);
                default -> throw new AssertionError(dtype);
            }
        }
    }

    private static float half(ByteBuffer from, int p) {
        return Halves.toFloat(from.getShort(p));
    }

    private static void q8(ByteBuffer from, int p, float[] to, int o) {
        float d = half(from, p);
        for (int i = 0; i < SMALL; i++) {
            to[o + i] = d * from.get(p + 2 + i);
        }
    }

    /**
     * A byte's low half is an element of the first half of the block, its high half one of the second.
     *
     * @param zero the number that means zero, taken off before it is scaled: an infinite scale keeps the signs so
     */
    private static void q4(ByteBuffer from, int p, float d, int zero, float m, float[] to, int o) {
        for (int i = 0; i < SMALL / 2; i++) {
            int pair = from.get(p + i) & 0xFF;
            to[o + i] = d * ((pair & 0xF) - zero) + m;
            to[o + i + SMALL / 2] = d * ((pair >>> 4) - zero) + m;
        }
    }

    /** As {@link #q4}, after 32 bits that are the elements' fifth ones, in order. */
    private static void q5(ByteBuffer from, int p, float d, int zero, float m, float[] to, int o) {
        int fifth = from.getInt(p);
        for (int i = 0; i < SMALL / 2; i++) {
            int pair = from.get(p + 4 + i) & 0xFF;
            to[o + i] = d * ((pair & 0xF | (fifth >>> i & 1) << 4) - zero) + m;
            to[o + i + SMALL / 2] = d * ((pair >>> 4 | (fifth >>> i + SMALL / 2 & 1) << 4) - zero) + m;
        }
    }

    /**
     * Eight parts of 32, each with a scale and a minimum of six bits, themselves scaled by the block's two numbers. 32 bytes
     * hold two parts, one in the low halves and one in the high ones.
     *
     * @param high where the elements' fifth bits are, bit n of 32 bytes for part n, or -1 for none
     */
    private static void q4or5k(ByteBuffer from, int p, int high, int low, float[] to, int o) {
        float scale = half(from, p);
        float minimum = half(from, p + 2);
        for (int part = 0; part < 8; part++) {
            float d = scale * sixBits(from, p + 4, part, 0);
            float m = minimum * sixBits(from, p + 4, part, 4);
            int shift = part % 2 * 4;
            int bytes = low + part / 2 * 32;
            // Two loops, so that neither has a branch inside.
            if (high < 0) {
                for (int i = 0; i < 32; i++) {
                    to[o + part * 32 + i] = d * (from.get(bytes + i) >>> shift & 0xF) - m;
                }
            } else {
                for (int i = 0; i < 32; i++) {
                    int fifth = from.get(high + i) >>> part & 1;
                    to[o + part * 32 + i] = d * (from.get(bytes + i) >>> shift & 0xF | fifth << 4) - m;
                }
            }
        }
    }

    /**
     * One of eight scales or of eight minima, packed in 12 bytes: the first four of each in the lower six bits of bytes
     * 0–3 and 4–7, the low halves of the others in bytes 8–11, their two upper bits above the first four.
     *
     * @param kind 0 for a scale, 4 for a minimum
     */
    private static int sixBits(ByteBuffer from, int p, int part, int kind) {
        if (part < 4) {
            return from.get(p + kind + part) & 0x3F;
        }
        int low = from.get(p + 4 + part) >>> kind & 0xF;
        int high = from.get(p + kind + part - 4) >>> 6 & 3;
        return high << 4 | low;
    }

    /**
     * Two halves of 128, each in four parts of 32. The lower four bits of the parts 0 and 2, and of 1 and 3, share 32 bytes;
     * the upper two bits of all four share 32 bytes.
     */
    private static void q6k(ByteBuffer from, int p, float[] to, int o) {
        float scale = half(from, p + 208);
        for (int sixteen = 0; sixteen < LARGE / 16; sixteen++) {
            float d = scale * from.get(p + 192 + sixteen);
            int half = sixteen / 8;
            int part = sixteen / 2 % 4;
            int low = p + half * 64 + part % 2 * 32 + sixteen % 2 * 16;
            int high = p + 128 + half * 32 + sixteen % 2 * 16;
            int lowShift = part / 2 * 4;
            int highShift = part * 2;
            for (int i = 0; i < 16; i++) {
                int q = from.get(low + i) >>> lowShift & 0xF | (from.get(high + i) >>> highShift & 3) << 4;
                to[o + sixteen * 16 + i] = d * (q - 32);
            }
        }
    }

    /** As ggml's {@code quantize_row_q8_0_ref}: the largest magnitude becomes 127. */
    static void narrowQ8(float[] from, int at, int count, ByteBuffer to, int byteOffset) {
        for (int block = 0; block < count / SMALL; block++) {
            int o = at + block * SMALL;
            int p = byteOffset + block * DType.Q8_0.blockBytes();
            float d = Math.abs(extreme(from, o)) / 127;
            float inverse = d == 0 ? 0 : 1 / d;
            putScale(to, p, d);
            for (int i = 0; i < SMALL; i++) {
                to.put(p + 2 + i, (byte) roundAwayFromZero(from[o + i] * inverse));
            }
        }
    }

    /** As ggml's {@code quantize_row_q4_0_ref}: the value of the largest magnitude, whatever its sign, becomes -8. */
    static void narrowQ4(float[] from, int at, int count, ByteBuffer to, int byteOffset) {
        for (int block = 0; block < count / SMALL; block++) {
            int o = at + block * SMALL;
            int p = byteOffset + block * DType.Q4_0.blockBytes();
            float d = extreme(from, o) / -8;
            float inverse = d == 0 ? 0 : 1 / d;
            putScale(to, p, d);
            for (int i = 0; i < SMALL / 2; i++) {
                int low = Math.min(15, (int) (from[o + i] * inverse + 8.5f));
                int high = Math.min(15, (int) (from[o + i + SMALL / 2] * inverse + 8.5f));
                to.put(p + 2 + i, (byte) (low | high << 4));
            }
        }
    }

    /** The first of the values of the largest magnitude in a block. */
    private static float extreme(float[] from, int o) {
        float extreme = 0;
        for (int i = 0; i < SMALL; i++) {
            float value = from[o + i];
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("expected finite values to quantise, found " + value);
            }
            if (Math.abs(value) > Math.abs(extreme)) {
                extreme = value;
            }
        }
        return extreme;
    }

    private static void putScale(ByteBuffer to, int p, float d) {
        short half = Halves.ofFloat(d);
        if ((half & 0x7FFF) == 0x7C00) {
            throw new IllegalArgumentException(
                    "expected values that a block's half-precision scale can hold, found one that needs " + d);
        }
        to.putShort(p, half);
    }

    /** C's {@code roundf}. In double precision, where adding a half is exact. */
    private static int roundAwayFromZero(float value) {
        int magnitude = (int) (Math.abs((double) value) + 0.5);
        return value < 0 ? -magnitude : magnitude;
    }
}
