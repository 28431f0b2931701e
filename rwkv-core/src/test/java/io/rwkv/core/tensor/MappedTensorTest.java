package io.rwkv.core.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

class MappedTensorTest {
    private static final int ROWS = 5;
    private static final int COLUMNS = 7;

    @TempDir
    Path folder;

    private MappedFile file;

    @BeforeEach
    void write() throws IOException {
        byte[] bytes = new byte[3 + 8 * 2 * ROWS * COLUMNS];
        new Random(1).nextBytes(bytes);
        file = MappedFile.open(Files.write(folder.resolve("x"), bytes));
    }

    private MappedTensor tensor(DType dtype, long... shape) {
        return MappedTensor.contiguous(file, "x", dtype, shape, 3);
    }

    @ParameterizedTest
    @EnumSource
    void transposedShouldExchangeRowsAndColumns(DType dtype) {
        MappedTensor tensor = tensor(dtype, ROWS, COLUMNS);
        MappedTensor transposed = tensor.transposed();
        assertArrayEquals(new long[]{COLUMNS, ROWS}, transposed.shape());
        assertFalse(transposed.isContiguous());
        assertEquals("x", transposed.name());
        float[] expected = tensor.toFloats();
        float[] found = transposed.toFloats();
        for (int r = 0; r < ROWS; r++) {
            for (int c = 0; c < COLUMNS; c++) {
                assertEquals(expected[r * COLUMNS + c], found[c * ROWS + r], r + ", " + c);
            }
        }
        assertArrayEquals(expected, transposed.transposed().toFloats());
        // From within one row to within another, into the middle of an array.
        float[] some = new float[20];
        transposed.read(3, some, 2, 14);
        for (int i = 0; i < 14; i++) {
            assertEquals(found[3 + i], some[2 + i], "element " + i);
        }
        assertEquals(0f, some[1]);
        assertEquals(0f, some[16]);
    }

    @Test
    void transposedVectorsShouldKeepTheirElements() {
        float[] expected = tensor(DType.BF16, ROWS).toFloats();
        assertArrayEquals(expected, tensor(DType.BF16, ROWS, 1).transposed().toFloats());
        assertArrayEquals(expected, tensor(DType.BF16, 1, ROWS).transposed().toFloats());
        assertEquals(0, tensor(DType.F32, 0, ROWS).transposed().toFloats().length);
    }

    @Test
    void aRowLongerThanASliceShouldBeReadInPieces() throws IOException {
        // Three rows that are so long that no slice reaches over them all.
        int columns = MappedFile.MAX_SLICE / 2 + 1;
        byte[] bytes = new byte[3 * columns];
        new Random(2).nextBytes(bytes);
        MappedFile large = MappedFile.open(Files.write(folder.resolve("large"), bytes));
        MappedTensor tensor = MappedTensor.contiguous(large, "x", DType.I8, new long[]{3, columns}, 0);
        float[] found = new float[6];
        tensor.transposed().read(3L * (columns - 2), found, 0, 6);
        for (int i = 0; i < 6; i++) {
            assertEquals(bytes[i % 3 * columns + columns - 2 + i / 3], found[i], "element " + i);
        }
    }

    @Test
    void onlyMatricesShouldBeTransposed() {
        assertTrue(assertThrows(RwkvFormatException.class, () -> tensor(DType.F32, ROWS).transposed()).getMessage()
                .contains("tensor x: expected a matrix, found shape [5]"));
        assertThrows(RwkvFormatException.class, () -> tensor(DType.F32, 1, ROWS, 2).transposed());
    }

    @Test
    void partsShouldBeRows() {
        MappedTensor tensor = tensor(DType.F16, ROWS, COLUMNS);
        float[] all = tensor.toFloats();
        for (int r = 0; r < ROWS; r++) {
            float[] row = tensor.part(r).toFloats();
            float[] column = tensor.transposed().part(r).toFloats();
            for (int c = 0; c < COLUMNS; c++) {
                assertEquals(all[r * COLUMNS + c], row[c]);
            }
            for (int i = 0; i < ROWS; i++) {
                assertEquals(all[i * COLUMNS + r], column[i]);
            }
        }
        assertArrayEquals(new long[]{COLUMNS}, tensor.part(0).shape());
        assertThrows(IndexOutOfBoundsException.class, () -> tensor.part(ROWS));
        assertThrows(IndexOutOfBoundsException.class, () -> tensor.part(-1));
    }
}
