package io.rwkv.simd.internal.memory;

import io.rwkv.core.tensor.DType;

import java.nio.ByteBuffer;

/** Looks for infinities and NaN, whose exponents are all ones, in weights as files hold them, eight bytes at a time. */
final class NonFinite {
    private NonFinite() {
    }

    /**
     * Whether there are none.
     *
     * @param type F32, F16 or BF16
     * @param bytes little-endian
     * @param from index of the first byte
     * @param count the number of elements
     */
    static boolean none(DType type, ByteBuffer bytes, int from, int count) {
        return switch (type) {
            case F32 -> none(bytes, from, 4 * count, 0x7F800000_7F800000L, 0x00800000_00800000L, 0x80000000_80000000L);
            case F16 -> none(bytes, from, 2 * count, 0x7C007C00_7C007C00L, 0x04000400_04000400L, 0x80008000_80008000L);
            case BF16 -> none(bytes, from, 2 * count, 0x7F807F80_7F807F80L, 0x00800080_00800080L, 0x80008000_80008000L);
            default -> throw new IllegalArgumentException("expected F32, F16 or BF16, found " + type);
        };
    }

    /** @param lowest the lowest bit of each exponent: adding it carries into the sign's place if the exponent is all ones */
    private static boolean none(ByteBuffer bytes, int from, int length, long exponents, long lowest, long signs) {
        long found = 0;
        int at = 0;
        for (; at + 8 <= length; at += 8) {
            found |= (bytes.getLong(from + at) & exponents) + lowest;
        }
        long rest = 0;
        for (int shift = 0; at < length; at += 2, shift += 16) {
            rest |= (bytes.getShort(from + at) & 0xFFFFL) << shift;
        }
        found |= (rest & exponents) + lowest;
        return (found & signs) == 0;
    }
}
