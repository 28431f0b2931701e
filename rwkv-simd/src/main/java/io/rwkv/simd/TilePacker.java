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
    private final ByteBuffer encoded;
    private final int[] offsets;
    private final byte[] tile;
    private final ByteBuffer tileBuffer;

    TilePacker(TiledMatrix matrix, StoredTensor stored) {
        this.matrix = matrix;
        this.stored = stored;
        this.type = DType.valueOf(matrix.format().name());
        this.rowBytes = Math.toIntExact(type.bytes(matrix.columns()));
        this.values = new float[matrix.columns()];
        this.encoded = ByteBuffer.allocate(rowBytes).order(ByteOrder.LITTLE_ENDIAN);
        this.offsets = matrix.format().offsets(matrix.columns());
        this.tile = new byte[Math.toIntExact(matrix.tileBytes())];
        this.tileBuffer = ByteBuffer.wrap(tile).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Fills one tile. */
    void pack(int number) {
        int rows = matrix.rowsOf(number);
        if (rows < matrix.format().rows()) {
            Arrays.fill(tile, (byte) 0);
        }
        for (int row = 0; row < rows; row++) {
            ByteBuffer bytes = row((long) number * matrix.format().rows() + row);
            switch (matrix.format()) {
                case F32 -> f32(bytes, row);
                case F16, BF16 -> sixteenBits(bytes, row);
                case Q8_0 -> q8(bytes, row);
                case Q4_0 -> q4(bytes, row);
            }
        }
        MemorySegment.copy(MemorySegment.ofArray(tile), 0, matrix.memory(number), 0, tile.length);
    }

    /** One row in the wanted type, at index 0 of a little-endian buffer. */
    private ByteBuffer row(long row) {
        if (stored instanceof MappedTensor mapped && mapped.dtype() == type && mapped.isContiguous()
                && rowBytes <= MappedFile.MAX_SLICE) {
            return mapped.file().slice(mapped.byteOffset() + row * rowBytes, rowBytes);
        }
        stored.read(row * values.length, values, 0, values.length);
        if (type == DType.F16 || type.blockLength() > 1) {
            check(row);
        }
        type.narrow(values, 0, values.length, encoded, 0);
        return encoded;
    }

    private void check(long row) {
        float most = type == DType.F16 ? MOST_IN_HALF : Float.MAX_VALUE;
        for (float value : values) {
            // Written so that NaN fails. Half precision has no such numbers, and in a block all others would be lost.
            if (!(Math.abs(value) <= most)) {
                throw new IllegalArgumentException("precision: tensor " + stored.name() + ", row " + row
                        + ": expected weights that " + type + " can hold, found " + value);
            }
        }
    }

    private void f32(ByteBuffer bytes, int row) {
        for (int k = 0; k < values.length; k++) {
            tileBuffer.putInt(offsets[k] + 4 * row, bytes.getInt(4 * k));
        }
    }

    private void sixteenBits(ByteBuffer bytes, int row) {
        int place = 2 * pairPlace(row);
        for (int k = 0; k < values.length; k++) {
            tileBuffer.putShort(offsets[k] + place, bytes.getShort(2 * k));
        }
    }

    private void q8(ByteBuffer bytes, int row) {
        int place = 4 * (row % L) + row / L;
        for (int block = 0; block < values.length / BLOCK; block++) {
            int from = block * (2 + BLOCK);
            scale(block, row, bytes.getShort(from));
            for (int j = 0; j < BLOCK; j++) {
                tile[offsets[block * BLOCK + j] + place] = (byte) (bytes.get(from + 2 + j) + 128);
            }
        }
    }

    private void q4(ByteBuffer bytes, int row) {
        int half = BLOCK / 2;
        int quarter = row / (2 * L);
        int place = 2 * Format.pairPlace(row % (2 * L)) + quarter / 2;
        int shift = quarter % 2 * 4;
        int others = 0xF0 >> shift;
        for (int block = 0; block < values.length / BLOCK; block++) {
            int from = block * (2 + half);
            scale(block, row, bytes.getShort(from));
            for (int j = 0; j < BLOCK; j++) {
                // In the file each byte holds one column of the block's first half and one of its second.
                int quant = bytes.get(from + 2 + j % half) >> (j < half ? 0 : 4) & 0xF;
                int at = offsets[block * BLOCK + j] + place;
                tile[at] = (byte) (tile[at] & others | quant << shift);
            }
        }
    }

    private void scale(int block, int row, short scale) {
        tileBuffer.putShort(block * matrix.format().blockBytes() + 2 * pairPlace(row), scale);
    }

    private static int pairPlace(int row) {
        return row / (2 * L) * 2 * L + Format.pairPlace(row % (2 * L));
    }
}
