package io.rwkv.core.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Element types of tensors in files. All are little-endian. Immutable and safe for any number of threads.
 *
 * <p>There are two kinds. The plain types have their names from safetensors. The block types have their names from
 * <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a>; they are quantised in blocks:
 * {@link #blockLength()} consecutive elements of a row share a scale and take {@link #blockBytes()} bytes together. Tensors of
 * block types are contiguous, and their rows are whole blocks.
 */
public enum DType {
    /** IEEE 754 double precision. */
    F64(8),
    /** IEEE 754 single precision. */
    F32(4),
    /** IEEE 754 half precision. */
    F16(2),
    /** The upper half of a single-precision number. */
    BF16(2),
    /** Signed 64-bit integer. */
    I64(8),
    /** Signed 32-bit integer. */
    I32(4),
    /** Signed 16-bit integer. */
    I16(2),
    /** Signed 8-bit integer. */
    I8(1),
    /** Unsigned 8-bit integer. */
    U8(1),
    /** One byte, zero for false. */
    BOOL(1),
    /** Blocks of 32: a half-precision scale and signed bytes. */
    Q8_0(32, 34),
    /** Blocks of 32: a half-precision scale and 4-bit numbers from -8 to 7. */
    Q4_0(32, 18),
    /** Blocks of 32: a half-precision scale and minimum, and 4-bit numbers. */
    Q4_1(32, 20),
    /** Blocks of 32: a half-precision scale and 5-bit numbers from -16 to 15. */
    Q5_0(32, 22),
    /** Blocks of 32: a half-precision scale and minimum, and 5-bit numbers. */
    Q5_1(32, 24),
    /** Blocks of 256 with 6-bit scales and minima for each 32, and 4-bit numbers. */
    Q4_K(256, 144),
    /** Blocks of 256 with 6-bit scales and minima for each 32, and 5-bit numbers. */
    Q5_K(256, 176),
    /** Blocks of 256 with 8-bit scales for each 16, and 6-bit numbers from -32 to 31. */
    Q6_K(256, 210);

    private static final List<DType> PLAIN = Arrays.stream(values()).filter(d -> d.blockLength == 1).toList();

    private final int blockLength;
    private final int blockBytes;

    DType(int size) {
        this(1, size);
    }

    DType(int blockLength, int blockBytes) {
        this.blockLength = blockLength;
        this.blockBytes = blockBytes;
    }

    /** The number of elements in a block; 1 for plain types. */
    public int blockLength() {
        return blockLength;
    }

    /** The number of bytes that a block takes; for plain types, an element. */
    public int blockBytes() {
        return blockBytes;
    }

    /** The types of which every element stands by itself: those that are not quantised in blocks. */
    public static List<DType> plain() {
        return PLAIN;
    }

    /**
     * The number of bytes that consecutive elements take.
     *
     * @param elements how many; whole blocks
     * @throws IllegalArgumentException if {@code elements} is negative or is not whole blocks
     * @throws ArithmeticException if the result is more than a long can hold
     */
    public long bytes(long elements) {
        if (elements < 0 || elements % blockLength != 0) {
            throw new IllegalArgumentException(
                    "expected whole blocks of " + blockLength + " elements for " + this + ", found " + elements);
        }
        return Math.multiplyExact(elements / blockLength, blockBytes);
    }

    /** Whether the type holds real numbers, as weights are. True for all block types. */
    public boolean isFloatingPoint() {
        return this == F64 || this == F32 || this == F16 || this == BF16 || blockLength > 1;
    }

    /**
     * Converts consecutive elements from this type to float32. F64, I64 and I32 are rounded.
     *
     * @param from holds {@link #bytes bytes(count)} bytes, read as little-endian whatever the buffer's byte order is; its
     *         position does not change
     * @param byteOffset absolute index in {@code from} of the first byte
     * @param to receives {@code count} values
     * @param at index in {@code to} of the first value
     * @param count number of elements; whole blocks
     * @throws IllegalArgumentException if the count is not whole blocks
     * @throws IndexOutOfBoundsException if the bytes are not all below the limit of {@code from}, or the values do not fit
     *         {@code to}
     */
    public void widen(ByteBuffer from, int byteOffset, float[] to, int at, int count) {
        Objects.checkFromIndexSize(at, count, to.length);
        Objects.checkFromIndexSize(byteOffset, bytes(count), (long) from.limit());
        widenChecked(from.order() == ByteOrder.LITTLE_ENDIAN ? from : from.duplicate().order(ByteOrder.LITTLE_ENDIAN),
                byteOffset, to, at, count);
    }

    private void widenChecked(ByteBuffer from, int byteOffset, float[] to, int at, int count) {
        // One loop per type, so that the compiler sees no switch inside it.
        switch (this) {
            case F32 -> from.slice(byteOffset, 4 * count).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(to, at,
                    count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = Float.intBitsToFloat(from.getShort(byteOffset + 2 * i) << 16);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = halfToFloat(from.getShort(byteOffset + 2 * i));
                }
            }
            case F64, I64, I32, I16, I8, U8, BOOL -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = widenOther(from, byteOffset + i * blockBytes);
                }
            }
            default -> BlockFormats.widen(this, from, byteOffset, to, at, count);
        }
    }

    /** As {@link #widen}, for elements of a plain type that lie {@code stride} bytes apart. */
    public void widenStrided(ByteBuffer from, int byteOffset, int stride, float[] to, int at, int count) {
        for (int i = 0; i < count; i++) {
            int p = byteOffset + i * stride;
            to[at + i] = switch (this) {
                case F32 -> from.getFloat(p);
                case BF16 -> Float.intBitsToFloat(from.getShort(p) << 16);
                case F16 -> halfToFloat(from.getShort(p));
                default -> widenOther(from, p);
            };
        }
    }

    private float widenOther(ByteBuffer from, int p) {
        return switch (this) {
            case F64 -> (float) from.getDouble(p);
            case I64 -> from.getLong(p);
            case I32 -> from.getInt(p);
            case I16 -> from.getShort(p);
            case I8 -> from.get(p);
            case U8 -> from.get(p) & 0xFF;
            case BOOL -> from.get(p) == 0 ? 0 : 1;
            default -> throw new AssertionError(this);
        };
    }

    /**
     * Converts float32 values to this type, which must be F32, F16, BF16, Q8_0 or Q4_0. F16 and BF16 are rounded to the
     * nearest value, ties to even; a value too large for F16 becomes infinity, and NaN stays NaN. Q8_0 and Q4_0 are the blocks
     * that the reference quantisers of ggml write.
     *
     * @param from the values
     * @param at index in {@code from} of the first value
     * @param count number of values; whole blocks
     * @param to receives {@link #bytes bytes(count)} bytes, written as little-endian whatever the buffer's byte order is; its
     *         position does not change
     * @param byteOffset absolute index in {@code to} of the first byte
     * @throws UnsupportedOperationException if this is another type
     * @throws IllegalArgumentException if the count is not whole blocks, or if a block has a value that is not finite, or one
     *         so large that the scale does not fit half precision
     * @throws IndexOutOfBoundsException if the values are not all in {@code from}, or the bytes not all below the limit of
     *         {@code to}
     */
    public void narrow(float[] from, int at, int count, ByteBuffer to, int byteOffset) {
        Objects.checkFromIndexSize(at, count, from.length);
        Objects.checkFromIndexSize(byteOffset, bytes(count), (long) to.limit());
        ByteBuffer out = to.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        switch (this) {
            case F32 -> out.slice(byteOffset, 4 * count).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(from, at,
                    count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out.putShort(byteOffset + 2 * i, floatToBfloat16(from[at + i]));
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    out.putShort(byteOffset + 2 * i, floatToHalf(from[at + i]));
                }
            }
            case Q8_0 -> BlockFormats.narrowQ8(from, at, count, out, byteOffset);
            case Q4_0 -> BlockFormats.narrowQ4(from, at, count, out, byteOffset);
            default -> throw new UnsupportedOperationException("writing " + this + " is not supported");
        }
    }

    /** Exact for every half-precision number, subnormals, infinities and NaN included. */
    public static float halfToFloat(short half) {
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
    static short floatToHalf(float value) {
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

    private static short floatToBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7FFFFFFF) > 0x7F800000) {
            return (short) (bits >>> 16 | 0x40); // quiet, or a payload in the lower half would become infinity
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }
}
