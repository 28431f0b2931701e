package io.rwkv.core.internal.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.DType;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
        for (int i = 3 + 7; i < bytes.length; i += 8) {
            bytes[i] = 0x3F; // as float64, numbers below 2
        }
        file = MappedFile.open(Files.write(folder.resolve("x"), bytes));
    }

    private MappedTensor tensor(DType dtype, long... shape) {
        return MappedTensor.contiguous(file, "x", dtype, shape, 3);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ALL, names = "[A-Z]+[0-9]*")
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
    void whatFloat32CannotHoldShouldBeRefusedByName() throws IOException {
        for (double value : new double[]{1e300, -1e39, 3.4028236e38}) {
            MappedTensor tensor = doubles(0.1, 1e-300, value, Double.POSITIVE_INFINITY);
            for (MappedTensor read : new MappedTensor[]{tensor, tensor.transposed()}) {
                RwkvFormatException e = assertThrows(RwkvFormatException.class, read::toFloats);
                assertEquals("x", e.tensor());
                assertTrue(e.getMessage().endsWith("expected values in the range of float32, found " + value),
                        e.getMessage());
            }
        }
        float most = Float.MAX_VALUE;
        assertArrayEquals(new float[]{most, Float.NaN, -most, Float.NEGATIVE_INFINITY},
                doubles(most, Double.NaN, -3.4028235e38, Double.NEGATIVE_INFINITY).toFloats());
    }

    private MappedTensor doubles(double... values) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        Path path = folder.resolve("doubles");
        Files.deleteIfExists(path); // it may be mapped
        return MappedTensor.contiguous(MappedFile.open(Files.write(path, bytes.array())), "x", DType.F64,
                new long[]{2, values.length / 2}, 0);
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

    @Test
    void blocksShouldBeReadFromAnyElementToAnyOther() {
        MappedTensor tensor = tensor(DType.Q4_0, 3, 96);
        float[] all = tensor.toFloats();
        assertTrue(tensor.isContiguous());
        for (int[] range : new int[][]{{0, 288}, {5, 20}, {5, 200}, {32, 64}, {40, 24}, {31, 2}, {287, 1}, {288, 0}}) {
            float[] some = new float[range[1] + 2];
            tensor.read(range[0], some, 1, range[1]);
            for (int i = 0; i < range[1]; i++) {
                assertEquals(all[range[0] + i], some[1 + i], "element " + (range[0] + i));
            }
            assertEquals(0f, some[0]);
            assertEquals(0f, some[range[1] + 1]);
        }
        assertArrayEquals(Arrays.copyOfRange(all, 96, 192), tensor.part(1).toFloats());
        assertThrows(IndexOutOfBoundsException.class, () -> tensor.read(280, new float[9], 0, 9));
    }

    @Test
    void manyBlocksShouldBeReadInPieces() throws IOException {
        // Twice as many bytes as a slice has, and not whole slices.
        int blocks = 2 * MappedFile.MAX_SLICE / 34 + 5;
        byte[] bytes = new byte[34 * blocks];
        Arrays.fill(bytes, (byte) 0x3C); // a scale of 1.0 and a bit, and sixties
        MappedFile large = MappedFile.open(Files.write(folder.resolve("large"), bytes));
        float[] all = MappedTensor.contiguous(large, "x", DType.Q8_0, new long[]{blocks, 32}, 0).toFloats();
        float expected = 60 * Halves.toFloat((short) 0x3C3C);
        for (int i = 0; i < all.length; i++) {
            assertEquals(expected, all[i]);
        }
    }

    @Test
    void blocksShouldAllowMoreElementsThanTheFileHasBytes() throws IOException {
        MappedFile small = MappedFile.open(Files.write(folder.resolve("small"), new byte[18]));
        assertEquals(32, MappedTensor.contiguous(small, "x", DType.Q4_0, new long[]{32}, 0).elementCount());
        assertThrows(RwkvFormatException.class,
                () -> MappedTensor.contiguous(small, "x", DType.Q4_0, new long[]{32}, 1));
    }

    @Test
    void blocksShouldLieAlongContiguousRows() {
        assertRefused("expected rows of whole blocks of 32 elements for Q8_0, found shape [96, 3]",
                () -> tensor(DType.Q8_0, 96, 3));
        assertRefused("expected rows of whole blocks of 256 elements for Q6_K, found shape []",
                () -> tensor(DType.Q6_K));
        assertRefused("expected a contiguous tensor for Q8_0, found strides [1, 2]",
                () -> MappedTensor.strided(file, "x",
                        DType.Q8_0, new long[]{2, 32}, new long[]{1, 2}, 0, file.size()));
        assertRefused("expected a plain element type to transpose, found blocks of Q8_0",
                () -> tensor(DType.Q8_0, 2, 32).transposed());
        assertRefused("expected a matrix to take rows of, found a vector of Q8_0",
                () -> tensor(DType.Q8_0, 32).part(3));
    }

    private static void assertRefused(String message, Executable open) {
        String found = assertThrows(RwkvFormatException.class, open).getMessage();
        assertTrue(found.contains("tensor x: " + message), found);
    }
}
