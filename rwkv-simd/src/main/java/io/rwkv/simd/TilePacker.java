package io.rwkv.simd;

import static io.rwkv.simd.Lanes.L;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.MappedFile;
import io.rwkv.core.tensor.MappedTensor;
import io.rwkv.core.tensor.StoredTensor;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Brings the rows of a stored matrix into tiles, converting or quantising them on the way. Rows that the file holds in the
 * wanted form are not converted at all. For one thread.
 */
final class TilePacker {
    private static final int BLOCK = 32; // columns of a block, in the files too
    private static final float MOST_IN_HALF = 65504;

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

    TilePacker(TiledMatrix matrix, StoredTensor stored) {
        this.matrix = matrix;
        this.stored = stored;
        this.type = DType.valueOf(matrix.format().name());
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
    void pack(int number) {
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

    /** Reads one row in the wanted type. */
    private void read(long number, int to) {
        if (stored instanceof MappedTensor mapped && mapped.dtype() == type && mapped.isContiguous()
                && rowBytes <= MappedFile.MAX_SLICE) {
            mapped.file().slice(mapped.byteOffset() + number * rowBytes, rowBytes).get(rows, to, rowBytes);
            return;
        }
        stored.read(number * columns, values, 0, columns);
        if (type == DType.F16 || type.blockLength() > 1) {
            check(number);
        }
        type.narrow(values, 0, columns, encoded, to);
    }

    private void check(long number) {
        float most = type == DType.F16 ? MOST_IN_HALF : Float.MAX_VALUE;
        for (float value : values) {
            // Written so that NaN fails. Half precision has no such numbers, and in a block all others would be lost.
            if (!(Math.abs(value) <= most)) {
                throw new ArithmeticException(
                        "row " + number + ": expected weights that " + type + " can hold, found " + value);
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
