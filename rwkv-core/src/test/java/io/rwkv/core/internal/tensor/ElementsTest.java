package io.rwkv.core.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rwkv.core.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

class ElementsTest {
    private static ByteBuffer narrow(DType dtype, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate((int) dtype.bytes(values.length));
        Elements.narrow(dtype, values, 0, values.length, bytes, 0);
        return bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    @ParameterizedTest
    @CsvSource({"0, 0000", "-0.0, 8000", "1, 3C00", "-2, C000", "65504, 7BFF", "Infinity, 7C00", "-Infinity, FC00",
            "NaN, 7E00",
            // Just below and at the middle between the largest number and what would be the next.
            "65519.996, 7BFF", "65520, 7C00", "-1e30, FC00",
            // Ties go to the even neighbour: 1 + 2^-11 down, 1 + 3*2^-11 up; anything more than a tie goes up.
            "1.00048828125, 3C00", "1.00146484375, 3C02", "1.0004885, 3C01",
            // Rounding may carry into the exponent.
            "2047.9999, 6800",
            // Subnormals: 2^-24 is the smallest, half of it ties to zero, and the largest subnormal is next to 2^-14.
            "5.9604645e-8, 0001", "2.9802322e-8, 0000", "2.9802326e-8, 0001", "-8.940697e-8, 8002",
            "6.0975552e-5, 03FF", "6.1035156e-5, 0400", "6.1005354e-5, 0400", "1e-30, 0000"})
    void halvesShouldBeRoundedToNearestEven(float value, String bits) {
        assertEquals(bits, String.format("%04X", narrow(DType.F16, value).getShort(0)));
    }

    @Test
    void everyHalfShouldSurviveWideningAndNarrowing() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Halves.toFloat((short) bits);
            if (!Float.isNaN(value)) {
                assertEquals((short) bits, narrow(DType.F16, value).getShort(0));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 3F80", "-0.0, 8000", "Infinity, 7F80", "NaN, 7FC0",
            // Ties: 1 + 2^-8 down to even, 1 + 3*2^-8 up to even; the largest float overflows.
            "1.00390625, 3F80", "1.01171875, 3F82", "1.0039064, 3F81", "3.4028235e38, 7F80", "-3.4028235e38, FF80",
            "1e-45, 0000"})
    void bfloatsShouldBeRoundedToNearestEven(float value, String bits) {
        assertEquals(bits, String.format("%04X", narrow(DType.BF16, value).getShort(0)));
    }

    @Test
    void aNanWithAPayloadInItsLowerHalfShouldStayNan() {
        float nan = Float.intBitsToFloat(0x7F800001);
        assertEquals((short) 0x7FC0, narrow(DType.BF16, nan).getShort(0));
        assertEquals((short) 0x7E00, narrow(DType.F16, nan).getShort(0));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0", "Q4_0"})
    void narrowedValuesThatTheTypeHoldsShouldWidenToThemselves(DType dtype) {
        float[] values = new float[96];
        for (int i = 0; i < 64; i++) {
            // With -8 and 127 in a block the scale of Q4_0 and of Q8_0 is 1.
            values[32 + i] = dtype == DType.Q4_0 ? i % 16 - 8 : i % 32 == 0 ? 127 : i % 32 - 16;
        }
        ByteBuffer bytes = ByteBuffer.allocate(3 + (int) dtype.bytes(64)).position(1);
        Elements.narrow(dtype, values, 32, 64, bytes, 3);
        assertEquals(1, bytes.position());
        assertEquals(ByteOrder.BIG_ENDIAN, bytes.order());
        float[] found = new float[96];
        Elements.widen(dtype, bytes, 3, found, 32, 64);
        assertArrayEquals(values, found);
        Elements.widen(dtype, bytes.order(ByteOrder.LITTLE_ENDIAN).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN), 3,
                found, 0,
                64);
        assertEquals(values[63], found[31]);
    }

    @Test
    void widenShouldCheckItsArguments() {
        ByteBuffer bytes = ByteBuffer.allocate(40).limit(34);
        Elements.widen(DType.Q8_0, bytes, 0, new float[32], 0, 32);
        assertThrows(IllegalArgumentException.class, () -> Elements.widen(DType.Q8_0, bytes, 0, new float[32], 0, 31));
        assertThrows(IndexOutOfBoundsException.class, () -> Elements.widen(DType.Q8_0, bytes, 1, new float[32], 0, 32));
        assertThrows(IndexOutOfBoundsException.class, () -> Elements.widen(DType.Q8_0, bytes, 0, new float[32], 1, 32));
        assertThrows(IndexOutOfBoundsException.class, () -> Elements.widen(DType.F16, bytes, -2, new float[32], 0, 1));
    }

    @Test
    void narrowShouldCheckItsArguments() {
        ByteBuffer bytes = ByteBuffer.allocate(34);
        assertThrows(IllegalArgumentException.class, () -> Elements.narrow(DType.Q8_0, new float[40], 0, 40, bytes, 0));
        assertThrows(IndexOutOfBoundsException.class,
                () -> Elements.narrow(DType.Q8_0, new float[32], 1, 32, bytes, 0));
        assertThrows(IndexOutOfBoundsException.class,
                () -> Elements.narrow(DType.Q8_0, new float[32], 0, 32, bytes, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> Elements.narrow(DType.F32, new float[32], 0, 32, bytes, 0));
        assertThrows(UnsupportedOperationException.class, () -> Elements.narrow(DType.Q4_K, new float[256], 0, 256,
                ByteBuffer.allocate(144), 0));
        assertThrows(UnsupportedOperationException.class,
                () -> Elements.narrow(DType.I8, new float[1], 0, 1, bytes, 0));
    }
}
