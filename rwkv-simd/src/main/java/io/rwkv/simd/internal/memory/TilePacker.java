package io.rwkv.simd.internal.memory;

import static io.rwkv.simd.internal.memory.Lanes.L;

import io.rwkv.core.internal.tensor.Elements;
import io.rwkv.core.internal.tensor.MappedFile;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Brings the rows of a stored matrix into tiles, converting or quantising them on the way. Rows that the file holds in the
 * wanted form are not converted at all. Kernels take half-precision numbers, weights and scales, to be finite, which is seen
 * to here. For one thread.
 */
public final class TilePacker {
    private static final int BLOCK = 32; // columns of a block, in the files too
    private static final float MOST_IN_HALF = 65504;
    /** Half-way to the power of two that bfloat16 does not have: from here on, rounding makes infinity of a number. */
    private static final float BEYOND_BFLOAT = 0x1.FFp127f;

    private final TiledMatrix matrix;
    private final StoredTensor stored;
    private final DType type;
    private final int columns;
    private final int rowBytes;
    private final float[] values;
    // Plain arrays: a model's weights all pass here, most of them before the JVM has compiled this for good.
    private final byte[] rows; // of one tile, as they come
    private final ByteBuffer encoded; // the same
    private final byte[] tile;
    private boolean finite = true;

    public TilePacker(TiledMatrix matrix, StoredTensor stored) {
        this.matrix = matrix;
        this.stored = stored;
        this.type = matrix.format().dtype();
        this.columns = matrix.columns();
        this.rowBytes = Math.toIntExact(type.bytes(columns));
        this.values = new float[columns];
        this.rows = new byte[Math.multiplyExact(matrix.format().rows(), rowBytes)];
        this.encoded = ByteBuffer.wrap(rows).order(ByteOrder.LITTLE_ENDIAN);
        this.tile = new byte[Math.toIntExact(matrix.tileBytes())];
    }

    /**
     * Fills one tile.
     *
     * @throws ArithmeticException if the format cannot hold the weights
     */
    public void pack(int number) {
        int count = matrix.rowsOf(number);
        for (int i = 0; i < count; i++) {
            read((long) number * matrix.format().rows() + i, i * rowBytes);
        }
        // Rows that the matrix does not have: weights of zero, or any weights with a scale of zero.
        Arrays.fill(rows, count * rowBytes, rows.length, (byte) 0);
        // Some columns of all rows at a time, so that what they fill stays in the first-level cache.
        for (int block = 0; block * BLOCK < columns; block++) {
            switch (matrix.format()) {
                case F32 -> f32(block * BLOCK);
                case F16, BF16 -> sixteenBits(block * BLOCK);
                case Q8_0 -> q8(block);
                case Q4_0 -> q4(block);
            }
        }
        MemorySegment.copy(MemorySegment.ofArray(tile), 0, matrix.memory(number), 0, tile.length);
    }

    /** Whether all weights packed so far are finite. Always so of other formats than F32 and BF16, which hold what is not. */
    public boolean finite() {
        return finite;
    }

    /** Reads one row in the wanted type. */
    private void read(long number, int to) {
        if (stored instanceof MappedTensor mapped && mapped.dtype() == type && mapped.isContiguous()
                && rowBytes <= MappedFile.MAX_SLICE) {
            mapped.file().read(mapped.byteOffset() + number * rowBytes, rows, to, rowBytes);
            switch (type) {
                case F16 -> checkHalves(number, to);
                case Q8_0, Q4_0 -> checkScales(number, to);
                default -> finite &= NonFinite.none(type, encoded, to, columns);
            }
            return;
        }
        stored.read(number * columns, values, 0, columns);
        check(number);
        try {
            Elements.narrow(type, values, 0, columns, encoded, to);
        } catch (IllegalArgumentException e) { // a scale beyond half precision
            throw new ArithmeticException("row " + number + ": " + e.getMessage());
        }
    }

    /** Before a row is converted. */
    private void check(long number) {
        for (float value : values) {
            boolean held = switch (type) {
                case F32 -> true;
                case BF16 -> !Float.isFinite(value) || Math.abs(value) < BEYOND_BFLOAT;
                // Written so that NaN fails. The kernels have no such numbers, and in a block all others would be lost.
                case F16 -> Math.abs(value) <= MOST_IN_HALF;
                default -> Math.abs(value) <= Float.MAX_VALUE;
            };
            if (!held) {
                throw new ArithmeticException(
                        "row " + number + ": expected weights that " + type + " can hold, found " + value);
            }
            finite &= Float.isFinite(value);
        }
    }

    private void checkHalves(long number, int from) {
        if (NonFinite.none(DType.F16, encoded, from, columns)) {
            return;
        }
        for (int k = 0; k < columns; k++) {
            float value = Float.float16ToFloat(encoded.getShort(from + 2 * k));
            if (!Float.isFinite(value)) {
                throw new ArithmeticException(
                        "row " + number + ", column " + k + ": expected a finite weight, found " + value);
            }
        }
    }

    private void checkScales(long number, int from) {
        for (int block = 0; block * BLOCK < columns; block++) {
            float scale = Float.float16ToFloat(encoded.getShort(from + block * type.blockBytes()));
            if (!Float.isFinite(scale)) {
                throw new ArithmeticException("row " + number + ", block " + block + ": expected a finite scale, found "
                        + scale);
            }
        }
    }

    private void f32(int first) {
        int end = Math.min(columns, first + BLOCK);
        for (int row = 0; row < 4 * L; row++) {
            int from = row * rowBytes;
            for (int k = first; k < end; k++) {
                int at = 4 * (k * 4 * L + row);
                tile[at] = rows[from + 4 * k];
                tile[at + 1] = rows[from + 4 * k + 1];
                tile[at + 2] = rows[from + 4 * k + 2];
                tile[at + 3] = rows[from + 4 * k + 3];
            }
        }
    }

    private void sixteenBits(int first) {
        int end = Math.min(columns, first + BLOCK);
        for (int row = 0; row < 4 * L; row++) {
            int from = row * rowBytes;
            int place = pairPlace(row);
            for (int k = first; k < end; k++) {
                int at = 2 * (k * 4 * L + place);
                tile[at] = rows[from + 2 * k];
                tile[at + 1] = rows[from + 2 * k + 1];
            }
        }
    }

    private void q8(int block) {
        int to = block * Format.Q8_0.blockBytes();
        for (int row = 0; row < 4 * L; row++) {
            int from = row * rowBytes + block * (2 + BLOCK);
            scale(from, to + 2 * pairPlace(row));
            int at = to + Format.Q8_0.scaleBytes() + 4 * (row % L) + row / L;
            for (int j = 0; j < BLOCK; j++) {
                tile[at + j * 4 * L] = (byte) (rows[from + 2 + j] + 128);
            }
        }
    }

    private void q4(int block) {
        int half = BLOCK / 2;
        int to = block * Format.Q4_0.blockBytes();
        for (int row = 0; row < 8 * L; row++) {
            int from = row * rowBytes + block * (2 + half);
            scale(from, to + 2 * pairPlace(row));
            int quarter = row / (2 * L);
            if (quarter % 2 == 1) {
                continue; // with the row of the quarter before, whose bytes it shares
            }
            int other = from + 2 * L * rowBytes;
            int at = to + Format.Q4_0.scaleBytes() + 2 * Format.pairPlace(row % (2 * L)) + quarter / 2;
            for (int j = 0; j < half; j++) {
                // In the file each byte holds one column of the block's first half and one of its second.
                int low = rows[from + 2 + j] & 0xFF;
                int high = rows[other + 2 + j] & 0xFF;
                tile[at + j * 4 * L] = (byte) (low & 0xF | high << 4);
                tile[at + (half + j) * 4 * L] = (byte) (low >> 4 | high & 0xF0);
            }
        }
    }

    private void scale(int from, int to) {
        tile[to] = rows[from];
        tile[to + 1] = rows[from + 1];
    }

    private static int pairPlace(int row) {
        return row / (2 * L) * 2 * L + Format.pairPlace(row % (2 * L));
    }
}
