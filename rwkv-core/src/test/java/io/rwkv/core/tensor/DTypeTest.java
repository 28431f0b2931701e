package io.rwkv.core.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DTypeTest {
    @Test
    void sizesShouldBeThoseOfTheFormats() {
        assertEquals(1, DType.F16.blockLength());
        assertEquals(2, DType.F16.blockBytes());
        assertEquals(10, DType.BF16.bytes(5));
        assertEquals(68, DType.Q8_0.bytes(64));
        // 1.5 gigaelements: more bytes than an int counts.
        assertEquals(1_500_000_256L / 256 * 210, DType.Q6_K.bytes(1_500_000_256L));
        assertThrows(IllegalArgumentException.class, () -> DType.Q8_0.bytes(33));
        assertThrows(IllegalArgumentException.class, () -> DType.F32.bytes(-1));
        assertThrows(ArithmeticException.class, () -> DType.F32.bytes(Long.MAX_VALUE / 2));
        assertTrue(DType.Q4_K.isFloatingPoint());
        assertFalse(DType.U8.isFloatingPoint());
    }
}
