package io.rwkv.simd.internal.memory;

import static io.rwkv.simd.internal.memory.Lanes.L;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.internal.tensor.Elements;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;
import io.rwkv.simd.AtUsableWidth;
import io.rwkv.simd.internal.kernel.Twin;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

@AtUsableWidth
class TilePackerTest {
    private static final int ROWS = 130;

    private static int columns(Format format) {
        return format.blockColumns() == 1 ? 37 : 96;
    }

    private static TiledMatrix pack(Format format, StoredTensor stored, Arena arena) {
        TiledMatrix m = new TiledMatrix(format, (int) stored.shape()[0], (int) stored.shape()[1], false, arena);
        TilePacker packer = new TilePacker(m, stored);
        // The last tile, which is not full, after one that was.
        for (int tile = 0; tile < m.tiles(); tile++) {
            packer.pack(tile);
        }
        return m;
    }

    /** The weight at a place of a tile, as {@link Format} describes it, in the bits that the file has for it. */
    private static int quant(TiledMatrix m, int row, int column) {
        Format format = m.format();
        MemorySegment tile = m.memory(row / format.rows());
        int r = row % format.rows();
        long block = (long) column / 32 * format.blockBytes();
        return switch (format) {
            case F32 -> tile.get(ValueLayout.JAVA_INT, 4L * (column * 4 * L + r));
            case F16, BF16 -> tile.get(ValueLayout.JAVA_SHORT, 2L * (column * 4 * L + pair(r)));
            case Q8_0 -> {
                int four = tile.get(ValueLayout.JAVA_INT, block + 8 * L + column % 32 * 4 * L + r % L * 4);
                yield (byte) ((four >> r / L * 8) - 128);
            }
            case Q4_0 -> {
                short four = tile.get(ValueLayout.JAVA_SHORT,
                        block + 16 * L + column % 32 * 4 * L + 2 * pair(r % (2 * L)));
                yield four >> r / (2 * L) * 4 & 15;
            }
        };
    }

    /** The place of a row among 16-bit numbers in pairs. */
    private static int pair(int row) {
        int within = row % (2 * L);
        return row - within + (within < L ? 2 * within : 2 * (within - L) + 1);
    }

    private static short scale(TiledMatrix m, int row, int column) {
        int rows = m.format().rows();
        return m.memory(row / rows).get(ValueLayout.JAVA_SHORT,
                (long) column / 32 * m.format().blockBytes() + 2 * pair(row % rows));
    }

    /** The same of a file's bytes. */
    private static int quant(StoredWeights w, int row, int column) {
        int i = row * w.columns() + column;
        int j = column % 32;
        return switch (w.format()) {
            case F32 -> w.bytes().getInt(4 * i);
            case F16, BF16 -> w.bytes().getShort(2 * i);
            case Q8_0 -> w.bytes().get(i / 32 * 34 + 2 + j);
            case Q4_0 -> w.bytes().get(i / 32 * 18 + 2 + j % 16) >> j / 16 * 4 & 15;
        };
    }

    private static void assertHolds(StoredWeights expected, TiledMatrix m) {
        boolean blocks = m.format().blockColumns() > 1;
        int blockBytes = m.format().dtype().blockBytes();
        for (int row = 0; row < m.tiles() * m.format().rows(); row++) {
            boolean filler = row >= m.rows();
            for (int column = 0; column < m.columns(); column++) {
                String what = m.format() + " at " + row + ", " + column;
                if (!filler || !blocks) {
                    assertEquals(filler ? 0 : quant(expected, row, column), quant(m, row, column), what);
                }
                if (blocks) {
                    int block = (row * m.columns() + column) / 32 * blockBytes;
                    assertEquals(filler ? 0 : expected.bytes().getShort(block), scale(m, row, column), what);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void rowsInTheWantedFormatShouldBeTakenAsTheyAre(Format format) {
        // Blocks that no quantiser would write: they would come out otherwise if they were widened and quantised again.
        StoredWeights w = StoredWeights.random(format, ROWS, columns(format), 1);
        try (Arena arena = Arena.ofConfined()) {
            assertHolds(w, pack(format, w.mapped(), arena));
        }
    }

    @ParameterizedTest
    @EnumSource
    void otherRowsShouldBeWhatNarrowMakesOfThem(Format format) {
        float[] values = Twin.activations(ROWS * columns(format), 1, 2);
        StoredTensor heap = new HeapTensor("x", new long[]{ROWS, columns(format)}, values);
        StoredWeights w = StoredWeights.zero(format, ROWS, columns(format));
        Elements.narrow(format.dtype(), values, 0, values.length, w.bytes(), 0);
        try (Arena arena = Arena.ofConfined()) {
            assertHolds(w, pack(format, heap, arena));
            TiledMatrix raw = pack(format, w.mapped(), arena);
            assertHolds(w, raw);
        }
    }

    @Test
    void theFileOrderShouldNotMatter() {
        StoredWeights w = StoredWeights.random(Format.F16, 96, ROWS, 3);
        MappedTensor transposed = w.mapped().transposed();
        try (Arena arena = Arena.ofConfined()) {
            TiledMatrix m = pack(Format.F16, transposed, arena);
            for (int row = 0; row < ROWS; row++) {
                for (int column = 0; column < 96; column++) {
                    assertEquals(quant(w, column, row), quant(m, row, column), row + ", " + column);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRowOfALargerTensorShouldBeFound(Format format) {
        StoredWeights w = StoredWeights.random(format, 3 * ROWS, columns(format), 4);
        MappedTensor all = w.mapped();
        MappedTensor second = MappedTensor.contiguous(all.file(), "second", all.dtype(),
                new long[]{ROWS, columns(format)}, w.bytes().capacity() / 3);
        byte[] part = new byte[w.bytes().capacity() / 3];
        w.bytes().get(part.length, part);
        StoredWeights expected = StoredWeights.zero(format, ROWS, columns(format));
        expected.bytes().put(0, part);
        try (Arena arena = Arena.ofConfined()) {
            assertHolds(expected, pack(format, second, arena));
        }
    }

    @Test
    void partsOfBlocksShouldBeRefused() {
        try (Arena arena = Arena.ofConfined()) {
            assertThrows(IllegalArgumentException.class, () -> new TiledMatrix(Format.Q8_0, 64, 40, false, arena));
            assertThrows(IllegalArgumentException.class, () -> new TiledMatrix(Format.Q4_0, 64, 16, false, arena));
            assertThrows(IllegalArgumentException.class, () -> new TiledMatrix(Format.F32, 0, 40, false, arena));
        }
    }

    @Test
    void tilesShouldBeAsLargeAsTheyAreSaidToBe() {
        try (Arena arena = Arena.ofConfined()) {
            int rows = Format.Q4_0.rows();
            TiledMatrix m = new TiledMatrix(Format.Q4_0, rows + 1, 64, false, arena);
            assertEquals(2, m.tiles());
            assertArrayEquals(new int[]{rows, 1}, new int[]{m.rowsOf(0), m.rowsOf(1)});
            assertEquals(2 * rows * 36, m.bytes());
            assertEquals(rows * 36, m.address(1) - m.address(0));
            assertEquals(0, m.address(0) % 64, "at a cache line's start");
        }
    }

    @ParameterizedTest
    @EnumSource(value = Format.class, names = {"F16", "Q8_0", "Q4_0"})
    void weightsThatTheFormatCannotHoldShouldBeNamed(Format format) {
        for (float bad : new float[]{Float.NaN, Float.POSITIVE_INFINITY}) {
            float[] values = new float[3 * 96];
            values[96 + 5] = bad;
            try (Arena arena = Arena.ofConfined()) {
                String message = assertThrows(ArithmeticException.class,
                        () -> pack(format, new HeapTensor("w", new long[]{3, 96}, values), arena)).getMessage();
                for (String part : new String[]{"row 1", format.name(), String.valueOf(bad)}) {
                    assertTrue(message.contains(part), message);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void noneShouldSeeEachPlace(Format format) {
        DType type = format.dtype();
        int size = type.blockBytes();
        for (int count = 1; count < 20; count++) {
            ByteBuffer bytes = ByteBuffer.allocate(3 + size * count).order(ByteOrder.LITTLE_ENDIAN);
            float[] most = new float[count];
            Arrays.fill(most, format == Format.F16 ? -65504 : -0x1.FEp127f);
            Elements.narrow(type, most, 0, count, bytes, 3);
            assertTrue(NonFinite.none(type, bytes, 3, count));
            for (int i = 0; i < count; i++) {
                for (float odd : new float[]{Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                    float[] values = most.clone();
                    values[i] = odd;
                    Elements.narrow(type, values, 0, count, bytes, 3);
                    assertFalse(NonFinite.none(type, bytes, 3, count), count + " with " + odd + " at " + i);
                }
            }
        }
    }
}
