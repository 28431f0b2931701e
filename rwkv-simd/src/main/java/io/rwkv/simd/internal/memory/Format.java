package io.rwkv.simd.internal.memory;

import static io.rwkv.simd.internal.memory.Lanes.L;

import io.rwkv.core.tensor.DType;

import java.util.Arrays;

/**
 * How the weights of one tile lie in memory: column after column, and within a column its rows, so that a kernel reads one
 * stream, multiplies each column by one number and never sums across lanes. A column is as wide as a kernel has registers
 * for sums of its rows.
 *
 * <p>
 * Numbers narrower than a float are packed so that shifting a whole vector brings each of them in turn to where it is used:
 * <ul>
 * <li>16-bit numbers, also the scales of blocks, in <em>pairs</em>: of every 2 L rows, row i stands in the lower half of a
 * 32-bit lane and row L + i in the upper;
 * <li>8-bit numbers in fours: row q L + i in byte q of lane i;
 * <li>4-bit numbers in fours of 16 bits: of every quarter of a column's rows, the places of pairs as above, quarter q in the
 * bits from 4 q on.
 * </ul>
 */
public enum Format {
    /** 4 L rows of float32. */
    F32(DType.F32, 4 * L, 1, 16 * L),
    /** 4 L rows of half precision in pairs. */
    F16(DType.F16, 4 * L, 1, 8 * L),
    /** 4 L rows of bfloat16 in pairs. */
    BF16(DType.BF16, 4 * L, 1, 8 * L),
    /** For every 32 columns: half-precision scales in pairs, then each column's 4 L rows, weight + 128, in fours. */
    Q8_0(DType.Q8_0, 4 * L, 32, 4 * L),
    /** For every 32 columns: half-precision scales in pairs, then each column's 8 L rows, weight + 8, in fours of 16 bits. */
    Q4_0(DType.Q4_0, 8 * L, 32, 4 * L);

    /** About as many bytes of one tile are read before those of the next: see {@code Products}. */
    private static final int CHUNK_BYTES = 1024;
    private static final int MIN_CHUNK = 8;

    private final DType dtype;
    private final int rows;
    private final int blockColumns;
    private final int columnBytes;
    private volatile int[] offsets = new int[0];

    Format(DType dtype, int rows, int blockColumns, int columnBytes) {
        this.dtype = dtype;
        this.rows = rows;
        this.blockColumns = blockColumns;
        this.columnBytes = columnBytes;
    }

    /**
     * The format that holds weights of an element type.
     *
     * @throws IllegalArgumentException if none does
     */
    public static Format of(DType dtype) {
        for (Format format : values()) {
            if (format.dtype == dtype) {
                return format;
            }
        }
        throw new IllegalArgumentException("expected one of " + Arrays.toString(values()) + ", found " + dtype);
    }

    /** The element type of the weights, and of the blocks that they are packed from. */
    public DType dtype() {
        return dtype;
    }

    /** Rows of a tile. */
    public int rows() {
        return rows;
    }

    /** Columns that lie together in one block, with common scales. */
    public int blockColumns() {
        return blockColumns;
    }

    public boolean hasBlocks() {
        return blockColumns > 1;
    }

    /** Bytes of one column of a tile. */
    public int columnBytes() {
        return columnBytes;
    }

    /** Bytes of one block of a tile, scales included. */
    public int blockBytes() {
        return scaleBytes() + blockColumns * columnBytes;
    }

    /** Bytes of a block's scales. */
    public int scaleBytes() {
        return hasBlocks() ? 2 * rows : 0;
    }

    /** Columns that are multiplied at one go: a block, or as many as have the right size. */
    public int chunk() {
        return hasBlocks() ? blockColumns : Math.max(MIN_CHUNK, CHUNK_BYTES / columnBytes);
    }

    /** Where a column of a tile begins. */
    public long offset(int column) {
        int block = column / blockColumns;
        return (long) block * blockBytes() + scaleBytes() + (long) (column - block * blockColumns) * columnBytes;
    }

    /** Where each column of a tile begins: of the first {@code columns}, and perhaps more. Not to be changed. */
    public int[] offsets(int columns) {
        int[] known = offsets;
        if (known.length < columns) {
            known = new int[columns];
            for (int k = 0; k < columns; k++) {
                known[k] = Math.toIntExact(offset(k));
            }
            offsets = known; // of two threads at once, either may win
        }
        return known;
    }

    /** The place of a row, of 2 L, among numbers in pairs. */
    static int pairPlace(int row) {
        return 2 * (row % L) + row / L;
    }
}
