package io.rwkv.simd;

/**
 * How the weights of one tile, {@link TiledMatrix#TILE} rows, lie in memory. Columns follow each other, and within a column
 * the rows, so that a kernel reads one stream, multiplies each column by one number and never sums across lanes.
 */
enum Format {
    /** [column][row] float32. */
    F32(1, 4 * TiledMatrix.TILE),
    /** [column][row] half precision. */
    F16(1, 2 * TiledMatrix.TILE),
    /** [column][row] bfloat16. */
    BF16(1, 2 * TiledMatrix.TILE),
    /** For every 32 columns: half-precision scales of the rows, then [column][row] signed bytes. */
    Q8_0(32, (2 + 32) * TiledMatrix.TILE),
    /**
     * For every 32 columns: half-precision scales of the rows, then eight times 64 numbers of 16 bits, each holding four
     * columns of a row, the first in the lowest four bits; weight + 8 in each. The numbers stand in pairs, those of row i and
     * row 32 + i.
     */
    Q4_0(32, (2 + 16) * TiledMatrix.TILE);

    private final int columns;
    private final int bytes;

    Format(int columns, int bytes) {
        this.columns = columns;
        this.bytes = bytes;
    }

    /** Columns that lie together in one block. */
    int blockColumns() {
        return columns;
    }

    /** Bytes of one block of a tile. */
    int blockBytes() {
        return bytes;
    }
}
