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
    private final int rowBytes;
    private final float[] values;
    // Plain arrays: a model's weights all pass here, most of them before the JVM has compiled this for good.
    private final byte[] row;
    private final ByteBuffer encoded; // the same
    private final int[] offsets;
    private final byte[] tile;

    TilePacker(TiledMatrix matrix, StoredTensor stored) {
        this.matrix = matrix;
        this.stored = stored;
        this.type = DType.valueOf(matrix.format().name());
        this.rowBytes = Math.toIntExact(type.bytes(matrix.columns()));
        this.values = new float[matrix.columns()];
        this.row = new byte[rowBytes];
        this.encoded = ByteBuffer.wrap(row).order(ByteOrder.LITTLE_ENDIAN);
        this.offsets = matrix.format().offsets(matrix.columns());
        this.tile = new byte[Math.toIntExact(matrix.tileBytes())];
    }

    /** Fills one tile. */
    void pack(int number) {
        int rows = matrix.rowsOf(number);
        if (rows < matrix.format().rows()) {
            Arrays.fill(tile, (byte) 0);
        }
        for (int i = 0; i < rows; i++) {
            read((long) number * matrix.format().rows() + i);
            switch (matrix.format()) {
                case F32 -> f32(i);
                case F16, BF16 -> sixteenBits(2 * pairPlace(i));
                case Q8_0 -> q8(i);
                case Q4_0 -> q4(i);
            }
        }
        MemorySegment.copy(MemorySegment.ofArray(tile), 0, matrix.memory(number), 0, tile.length);
    }

    /** Reads one row in the wanted type. */
    private void read(long number) {
        if (stored instanceof MappedTensor mapped && mapped.dtype() == type && mapped.isContiguous()
                && rowBytes <= MappedFile.MAX_SLICE) {
            mapped.file().slice(mapped.byteOffset() + number * rowBytes, rowBytes).get(row);
            return;
        }
        stored.read(number * values.length, values, 0, values.length);
        if (type == DType.F16 || type.blockLength() > 1) {
            check(number);
        }
        type.narrow(values, 0, values.length, encoded, 0);
    }

    private void check(long number) {
        float most = type == DType.F16 ? MOST_IN_HALF : Float.MAX_VALUE;
        for (float value : values) {
            // Written so that NaN fails. Half precision has no such numbers, and in a block all others would be lost.
            if (!(Math.abs(value) <= most)) {
                throw new IllegalArgumentException("precision: tensor " + stored.name() + ", row " + number
                        + ": expected weights that " + type + " can hold, found " + value);
            }
        }
    }

    private void f32(int place) {
        for (int k = 0; k < values.length; k++) {
            int at = offsets[k] + 4 * place;
            tile[at] = row[4 * k];
            tile[at + 1] = row[4 * k + 1];
            tile[at + 2] = row[4 * k + 2];
            tile[at + 3] = row[4 * k + 3];
        }
    }

    private void sixteenBits(int place) {
        for (int k = 0; k < values.length; k++) {
            tile[offsets[k] + place] = row[2 * k];
            tile[offsets[k] + place + 1] = row[2 * k + 1];
        }
    }

    private void q8(int number) {
        int place = 4 * (number % L) + number / L;
        for (int block = 0; block < values.length / BLOCK; block++) {
            int from = block * (2 + BLOCK);
            scale(block, number, from);
            for (int j = 0; j < BLOCK; j++) {
                tile[offsets[block * BLOCK + j] + place] = (byte) (row[from + 2 + j] + 128);
            }
        }
    }

    private void q4(int number) {
        int half = BLOCK / 2;
        int quarter = number / (2 * L);
        int place = 2 * Format.pairPlace(number % (2 * L)) + quarter / 2;
        int shift = quarter % 2 * 4;
        int others = 0xF0 >> shift;
        for (int block = 0; block < values.length / BLOCK; block++) {
            int from = block * (2 + half);
            scale(block, number, from);
            for (int j = 0; j < BLOCK; j++) {
                // In the file each byte holds one column of the block's first half and one of its second.
                int quant = row[from + 2 + j % half] >> (j < half ? 0 : 4) & 0xF;
                int at = offsets[block * BLOCK + j] + place;
                tile[at] = (byte) (tile[at] & others | quant << shift);
            }
        }
    }

    private void scale(int block, int number, int from) {
        int at = block * matrix.format().blockBytes() + 2 * pairPlace(number);
        tile[at] = row[from];
        tile[at + 1] = row[from + 1];
    }

    private static int pairPlace(int row) {
        return row / (2 * L) * 2 * L + Format.pairPlace(row % (2 * L));
    }
}
