package io.rwkv.core.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Element types of stored tensors, named as safetensors names them. All are little-endian in files. */
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
    BOOL(1);

    private final int size;

    DType(int size) {
        this.size = size;
    }

    /** Bytes per element. */
    public int size() {
        return size;
    }

    /** Whether the type holds real numbers, as weights do. */
    public boolean isFloatingPoint() {
        return this == F64 || this == F32 || this == F16 || this == BF16;
    }

    /**
     * Widens {@code count} consecutive elements to float32 (F64, I64 and I32 are rounded).
     *
     * @param from little-endian bytes; position and limit are ignored
     * @param byteOffset absolute index in {@code from} of the first element
     */
    void widen(ByteBuffer from, int byteOffset, float[] to, int at, int count) {
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
            default -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = widenOther(from, byteOffset + i * size);
                }
            }
        }
    }

    /** As {@link #widen}, for elements that lie {@code stride} bytes apart. */
    void widenStrided(ByteBuffer from, int byteOffset, int stride, float[] to, int at, int count) {
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
            case F32, F16, BF16 -> throw new AssertionError(this);
        };
    }

    /** Exact for every half-precision number, subnormals, infinities and NaN included. */
    static float halfToFloat(short half) {
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
}
