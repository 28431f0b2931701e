package io.rwkv.core.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Blocks worked out by hand from the formats' definitions. */
class BlockFormatsTest {
    private static final short ONE = 0x3C00;
    private static final short HALF = 0x3800;
    private static final short TWO = 0x4000;

    /** A block after three other bytes. */
    private static ByteBuffer block(DType dtype) {
        return ByteBuffer.allocate(3 + dtype.blockBytes()).order(ByteOrder.LITTLE_ENDIAN).position(3);
    }

    private static float[] widen(DType dtype, ByteBuffer block) {
        float[] values = new float[dtype.blockLength()];
        Elements.widen(dtype, block, 3, values, 0, values.length);
        return values;
    }

    private static ByteBuffer narrow(DType dtype, float... values) {
        float[] block = Arrays.copyOf(values, dtype.blockLength());
        ByteBuffer bytes = ByteBuffer.allocate(dtype.blockBytes()).order(ByteOrder.LITTLE_ENDIAN);
        Elements.narrow(dtype, block, 0, block.length, bytes, 0);
        return bytes;
    }

    @Test
    void q8ShouldBeSignedBytesTimesAScale() {
        ByteBuffer block = block(DType.Q8_0).putShort(HALF);
        for (int i = 0; i < 32; i++) {
            block.put((byte) (i - 128));
        }
        float[] values = widen(DType.Q8_0, block);
        assertEquals(-64f, values[0]);
        assertEquals(-48.5f, values[31]);
    }

    @Test
    void q4ShouldHaveTheFirstHalfInTheLowNibbles() {
        ByteBuffer block = block(DType.Q4_0).putShort(HALF).put((byte) 0xF0).put((byte) 0x18);
        float[] values = widen(DType.Q4_0, block);
        assertArrayEquals(new float[]{-4, 0, -4}, Arrays.copyOf(values, 3));
        assertArrayEquals(new float[]{3.5f, -3.5f, -4}, Arrays.copyOfRange(values, 16, 19));
        block = block(DType.Q4_1).putShort(HALF).putShort(TWO).put((byte) 0xF0).put((byte) 0x18);
        values = widen(DType.Q4_1, block);
        assertArrayEquals(new float[]{2, 6, 2}, Arrays.copyOf(values, 3));
        assertArrayEquals(new float[]{9.5f, 2.5f, 2}, Arrays.copyOfRange(values, 16, 19));
    }

    @Test
    void q5ShouldAddAFifthBit() {
        int fifth = 1 << 1 | 1 << 16 | 1 << 31;
        ByteBuffer block = block(DType.Q5_0).putShort(HALF).putInt(fifth).put((byte) 0xF0).put((byte) 0x18);
        float[] values = widen(DType.Q5_0, block);
        assertArrayEquals(new float[]{-8, 4, -8}, Arrays.copyOf(values, 3));
        assertArrayEquals(new float[]{7.5f, -7.5f, -8}, Arrays.copyOfRange(values, 16, 19));
        assertEquals(0f, values[31]);
        block = block(DType.Q5_1).putShort(HALF).putShort(TWO).putInt(fifth).put((byte) 0xF0).put((byte) 0x18);
        values = widen(DType.Q5_1, block);
        assertArrayEquals(new float[]{2, 14, 2}, Arrays.copyOf(values, 3));
        assertArrayEquals(new float[]{17.5f, 2.5f, 2}, Arrays.copyOfRange(values, 16, 19));
        assertEquals(10f, values[31]);
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"Q8_0", "Q4_0", "Q5_0"})
    void anInfiniteScaleShouldKeepTheSignsOfItsBlock(DType dtype) {
        for (float scale : new float[]{Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            ByteBuffer block = block(dtype).putShort(Halves.ofFloat(scale));
            if (dtype == DType.Q5_0) {
                block.putInt(0);
            }
            // -1, 0 and 1; what the other bytes mean, whatever their place, is not zero.
            byte[] three = dtype == DType.Q8_0
                    ? new byte[]{-1, 0, 1}
                    : dtype == DType.Q4_0 ? new byte[]{7, 8, 9} : new byte[]{15, 0, 1};
            block.put(three);
            if (dtype == DType.Q5_0) {
                block.putInt(5, 0b110);
            }
            float[] values = widen(dtype, block);
            assertEquals(-scale, values[0], dtype + " of " + scale);
            assertEquals(Float.NaN, values[1], dtype + " of " + scale);
            assertEquals(scale, values[2], dtype + " of " + scale);
        }
    }

    /** Scales 1, 2, 3, 4 and 17, 34, 51, 63; minima 5, 6, 7, 8 and 36, 55, 10, 29. */
    private static ByteBuffer putSixBits(ByteBuffer block) {
        block.put((byte) (1 | 1 << 6)).put((byte) (2 | 2 << 6)).put((byte) (3 | 3 << 6)).put((byte) (4 | 3 << 6));
        block.put((byte) (5 | 2 << 6)).put((byte) (6 | 3 << 6)).put((byte) 7).put((byte) (8 | 1 << 6));
        return block.put((byte) (1 | 4 << 4)).put((byte) (2 | 7 << 4)).put((byte) (3 | 10 << 4))
                .put((byte) (15 | 13 << 4));
    }

    private static final int[] SCALES = {1, 2, 3, 4, 17, 34, 51, 63};
    private static final int[] MINIMA = {5, 6, 7, 8, 36, 55, 10, 29};

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void q4kAndQ5kShouldHaveEightPartsWithScalesAndMinima(boolean five) {
        DType dtype = five ? DType.Q5_K : DType.Q4_K;
        ByteBuffer block = putSixBits(block(dtype).putShort(TWO).putShort(HALF));
        for (int i = 0; five && i < 32; i++) {
            block.put((byte) (i == 31 ? 0b1010_0110 : i == 0 ? 0b0101_1001 : 0));
        }
        for (int i = 0; i < 128; i++) {
            // Of each 64 elements the first 32 in the low nibbles.
            block.put((byte) (i % 16 | (i / 32 * 3 + 1) << 4));
        }
        float[] values = widen(dtype, block);
        for (int i = 0; i < 256; i++) {
            int part = i / 32;
            int q = part % 2 == 0 ? i % 16 : part / 2 * 3 + 1;
            if (five && (i % 32 == 31 && (0b1010_0110 >> part & 1) == 1
                    || i % 32 == 0 && (0b0101_1001 >> part & 1) == 1)) {
                q += 16;
            }
            assertEquals(2f * SCALES[part] * q - 0.5f * MINIMA[part], values[i], "element " + i);
        }
    }

    @Test
    void q6kShouldHaveSixteenPartsWithScales() {
        ByteBuffer block = block(DType.Q6_K);
        int[] expected = new int[256];
        for (int i = 0; i < 256; i++) {
            expected[i] = i * 37 % 64;
        }
        byte[] low = new byte[128];
        byte[] high = new byte[64];
        for (int i = 0; i < 32; i++) {
            for (int half = 0; half < 2; half++) {
                int[] q = new int[4];
                for (int part = 0; part < 4; part++) {
                    q[part] = expected[half * 128 + part * 32 + i];
                    high[half * 32 + i] |= (byte) (q[part] >> 4 << 2 * part);
                }
                low[half * 64 + i] = (byte) (q[0] & 15 | (q[2] & 15) << 4);
                low[half * 64 + 32 + i] = (byte) (q[1] & 15 | (q[3] & 15) << 4);
            }
        }
        block.put(low).put(high);
        for (int part = 0; part < 16; part++) {
            block.put((byte) (part * 16 - 128));
        }
        block.putShort(HALF);
        float[] values = widen(DType.Q6_K, block);
        for (int i = 0; i < 256; i++) {
            assertEquals(0.5f * (i / 16 * 16 - 128) * (expected[i] - 32), values[i], "element " + i);
        }
    }

    @Test
    void q8ShouldBeWrittenWithTheLargestMagnitudeAs127() {
        // 1.5 and -2.5 are ties, which go away from zero.
        ByteBuffer bytes = narrow(DType.Q8_0, -127, 127, 1.5f, -2.5f, 0.49f, 2.4f, -0.6f);
        byte[] found = new byte[8];
        bytes.get(2, found);
        assertEquals(ONE, bytes.getShort(0));
        assertArrayEquals(new byte[]{-127, 127, 2, -3, 0, 2, -1, 0}, found);
    }

    @Test
    void q8ShouldQuantiseWithTheScaleBeforeItIsRounded() {
        // The scale is 1/127, which half precision rounds to 0x2008: 0.0078735 instead of 0.0078740.
        ByteBuffer bytes = narrow(DType.Q8_0, 1, -0.5f, 0.25f);
        assertEquals((short) 0x2008, bytes.getShort(0));
        assertEquals(127, bytes.get(2));
        assertEquals(-64, bytes.get(3)); // -63.5 is a tie
        assertEquals(32, bytes.get(4));
    }

    @Test
    void q4ShouldBeWrittenWithTheLargestMagnitudeAsMinus8() {
        float[] values = new float[32];
        values[0] = -8;
        values[1] = 7;
        values[2] = 8; // not the first of this magnitude, and clipped to 7
        values[3] = -1.5f; // rounds to -1: the half is added before cutting off
        values[4] = 1.5f;
        values[16] = -7.6f;
        values[31] = 3;
        ByteBuffer bytes = narrow(DType.Q4_0, values);
        assertEquals(ONE, bytes.getShort(0));
        assertEquals(0x00, bytes.get(2));
        assertEquals((byte) 0x8F, bytes.get(3));
        assertEquals((byte) 0x8F, bytes.get(4));
        assertEquals((byte) 0x87, bytes.get(5));
        assertEquals((byte) 0x8A, bytes.get(6));
        assertEquals((byte) 0xB8, bytes.get(17));
        // With a positive extreme the scale is negative.
        values[0] = 16;
        bytes = narrow(DType.Q4_0, values);
        assertEquals((short) (TWO | 0x8000), bytes.getShort(0));
        assertEquals(16f, widenAll(DType.Q4_0, bytes)[0]);
        assertEquals(6f, widenAll(DType.Q4_0, bytes)[1]); // 4.5 + 0.5 cut off, times -2, of 7 / -2 + 8
    }

    private static float[] widenAll(DType dtype, ByteBuffer bytes) {
        float[] values = new float[dtype.blockLength()];
        Elements.widen(dtype, bytes, 0, values, 0, values.length);
        return values;
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void zerosShouldBeWrittenAsZeros(DType dtype) {
        assertArrayEquals(new float[32], widenAll(dtype, narrow(dtype)), 0f);
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0"})
    void valuesThatNoBlockHoldsShouldBeRefused(DType dtype) {
        for (float value : new float[]{Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e9f}) {
            String message = assertThrows(IllegalArgumentException.class, () -> narrow(dtype, 0, value)).getMessage();
            assertTrue(message.startsWith("expected "), message);
        }
    }
}
