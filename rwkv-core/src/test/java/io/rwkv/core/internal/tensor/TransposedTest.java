package io.rwkv.core.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

import org.junit.jupiter.api.Test;

import java.util.Arrays;

class TransposedTest {
    /** Not a mapped tensor: those have their own transposition. */
    private record Values(long[] shape, float[] values) implements StoredTensor {
        @Override
        public String name() {
            return "x";
        }

        @Override
        public DType dtype() {
            return DType.Q8_0;
        }

        @Override
        public long elementCount() {
            return values.length;
        }

        @Override
        public void read(long first, float[] to, int at, int count) {
            System.arraycopy(values, (int) first, to, at, count);
        }
    }

    private static float[] count(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i;
        }
        return values;
    }

    @Test
    void anyPartOfTheLastTwoDimensionsShouldBeExchanged() {
        int matrices = 3;
        int rows = 4; // of the transposed
        int columns = 5;
        StoredTensor transposed = Transposed.of(new Values(new long[]{matrices, columns, rows}, count(60)));
        assertArrayEquals(new long[]{matrices, rows, columns}, transposed.shape());
        assertEquals(DType.Q8_0, transposed.dtype());
        float[] expected = new float[60];
        for (int m = 0; m < matrices; m++) {
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    expected[(m * rows + r) * columns + c] = (m * columns + c) * rows + r;
                }
            }
        }
        assertArrayEquals(expected, transposed.toFloats());
        for (int first = 0; first <= 60; first++) {
            for (int n = 0; first + n <= 60; n++) {
                float[] some = new float[n + 2];
                transposed.read(first, some, 1, n);
                assertArrayEquals(Arrays.copyOfRange(expected, first, first + n), Arrays.copyOfRange(some, 1, n + 1));
                assertEquals(0f, some[0]);
                assertEquals(0f, some[n + 1]);
            }
        }
        assertThrows(IndexOutOfBoundsException.class, () -> transposed.read(59, new float[2], 0, 2));
    }

    @Test
    void transposingTwiceShouldGiveTheSource() {
        StoredTensor source = new Values(new long[]{2, 3}, count(6));
        assertSame(source, Transposed.of(Transposed.of(source)));
    }

    @Test
    void moreRowsThanAreGatheredAtATimeShouldBeReadInTurns() {
        int rows = 40_000;
        StoredTensor transposed = Transposed.of(new Values(new long[]{2, rows}, count(2 * rows)));
        float[] found = transposed.toFloats();
        for (int r = 0; r < rows; r++) {
            assertEquals(r, found[2 * r]);
            assertEquals(rows + r, found[2 * r + 1]);
        }
    }
}
