package io.rwkv.core.internal.tensor;

import io.rwkv.core.tensor.DType;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Elements as they are stored, converted to float32 values and back. Safe for any number of threads. */
public final class Elements {
    private static final List<DType> PLAIN = Arrays.stream(DType.values()).filter(d -> d.blockLength() == 1).toList();

    private Elements() {
    }

    /** The types of which every element stands by itself: those that are not quantised in blocks. */
    public static List<DType> plain() {
        return PLAIN;
    }

    /**
     * Converts consecutive elements to float32. F64, I64 and I32 are rounded.
     *
     * @param from holds {@link DType#bytes bytes(count)} bytes, read as little-endian whatever the buffer's byte order is; its
     *         position does not change
     * @param byteOffset absolute index in {@code from} of the first byte
     * @param to receives {@code count} values
     * @param at index in {@code to} of the first value
     * @param count number of elements; whole blocks
     * @throws IllegalArgumentException if the count is not whole blocks
     * @throws ArithmeticException if a finite F64 element is beyond the range of float32
     * @throws IndexOutOfBoundsException if the bytes are not all below the limit of {@code from}, or the values do not fit
     *         {@code to}
     */
    public static void widen(DType dtype, ByteBuffer from, int byteOffset, float[] to, int at, int count) {
        Objects.checkFromIndexSize(at, count, to.length);
        Objects.checkFromIndexSize(byteOffset, dtype.bytes(count), (long) from.limit());
        widenChecked(dtype,
                from.order() == ByteOrder.LITTLE_ENDIAN ? from : from.duplicate().order(ByteOrder.LITTLE_ENDIAN),
                byteOffset, to, at, count);
    }

    private static void widenChecked(DType dtype, ByteBuffer from, int byteOffset, float[] to, int at, int count) {
        // One loop per type, so that the compiler sees no switch inside it.
        switch (dtype) {
            case F32 -> from.slice(byteOffset, 4 * count).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(to, at,
                    count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = Float.intBitsToFloat(from.getShort(byteOffset + 2 * i) << 16);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = Halves.toFloat(from.getShort(byteOffset + 2 * i));
                }
            }
            case F64, I64, I32, I16, I8, U8, BOOL -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = widenOther(dtype, from, byteOffset + i * dtype.blockBytes());
                }
            }
            default -> BlockFormats.widen(dtype, from, byteOffset, to, at, count);
        }
    }

    /** As {@link #widen}, for elements of a plain type that lie {@code stride} bytes apart. */
    static void widenStrided(DType dtype, ByteBuffer from, int byteOffset, int stride, float[] to, int at, int count) {
        for (int i = 0; i < count; i++) {
            int p = byteOffset + i * stride;
            to[at + i] = switch (dtype) {
                case F32 -> from.getFloat(p);
                case BF16 -> Float.intBitsToFloat(from.getShort(p) << 16);
                case F16 -> Halves.toFloat(from.getShort(p));
                default -> widenOther(dtype, from, p);
            };
        }
    }

    private static float widenOther(DType dtype, ByteBuffer from, int p) {
        return switch (dtype) {
            case F64 -> inRange(from.getDouble(p));
            case I64 -> from.getLong(p);
            case I32 -> from.getInt(p);
            case I16 -> from.getShort(p);
            case I8 -> from.get(p);
            case U8 -> from.get(p) & 0xFF;
            case BOOL -> from.get(p) == 0 ? 0 : 1;
            default -> throw new AssertionError(dtype);
        };
    }

    private static float inRange(double value) {
        float rounded = (float) value;
        if (Float.isInfinite(rounded) && !Double.isInfinite(value)) {
            throw new ArithmeticException("expected values in the range of float32, found " + value);
        }
        return rounded;
    }

    /**
     * Converts float32 values to a type, which must be F32, F16, BF16, Q8_0 or Q4_0. F16 and BF16 are rounded to the
     * nearest value, ties to even; a value too large for F16 becomes infinity, and NaN stays NaN. Q8_0 and Q4_0 are the blocks
     * that the reference quantisers of ggml write.
     *
     * @param from the values
     * @param at index in {@code from} of the first value
     * @param count number of values; whole blocks
     * @param to receives {@link DType#bytes bytes(count)} bytes, written as little-endian whatever the buffer's byte order is; its
     *         position does not change
     * @param byteOffset absolute index in {@code to} of the first byte
     * @throws UnsupportedOperationException if it is another type
     * @throws IllegalArgumentException if the count is not whole blocks, or if a block has a value that is not finite, or one
     *         so large that the scale does not fit half precision
     * @throws IndexOutOfBoundsException if the values are not all in {@code from}, or the bytes not all below the limit of
     *         {@code to}
     */
    public static void narrow(DType dtype, float[] from, int at, int count, ByteBuffer to, int byteOffset) {
        Objects.checkFromIndexSize(at, count, from.length);
        Objects.checkFromIndexSize(byteOffset, dtype.bytes(count), (long) to.limit());
        ByteBuffer out = to.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        switch (dtype) {
            case F32 -> out.slice(byteOffset, 4 * count).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(from, at,
                    count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out.putShort(byteOffset + 2 * i, floatToBfloat16(from[at + i]));
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    out.putShort(byteOffset + 2 * i, Halves.ofFloat(from[at + i]));
                }
            }
            case Q8_0 -> BlockFormats.narrowQ8(from, at, count, out, byteOffset);
            case Q4_0 -> BlockFormats.narrowQ4(from, at, count, out, byteOffset);
            default -> throw new UnsupportedOperationException("writing " + dtype + " is not supported");
        }
    }

    private static short floatToBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7FFFFFFF) > 0x7F800000) {
            return (short) (bits >>> 16 | 0x40); // quiet, or a payload in the lower half would become infinity
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }
}
