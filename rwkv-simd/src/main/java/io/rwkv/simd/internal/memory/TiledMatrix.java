package io.rwkv.simd.internal.memory;

import io.rwkv.core.engine.Matrix;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/**
 * A weight matrix in tiles of {@link Format#rows()} rows, outside the heap. Rows that fill up the last tile are zero. Immutable
 * once filled.
 */
public final class TiledMatrix implements Matrix {
    private final Format format;
    private boolean sparseInput; // written while loading, by one thread
    private final int rows;
    private final int columns;
    private final MemorySegment memory;
    private final long address;
    private final long tileBytes;

    /**
     * @param columns a multiple of the format's block
     * @param sparseInput whether to expect vectors that are mostly zero
     */
    public TiledMatrix(Format format, int rows, int columns, boolean sparseInput, SegmentAllocator allocator) {
        if (rows < 1 || columns < 1 || columns % format.blockColumns() != 0) {
            throw new IllegalArgumentException(
                    "expected whole blocks of " + format + ", found " + rows + " × " + columns);
        }
        this.format = format;
        this.sparseInput = sparseInput;
        this.rows = rows;
        this.columns = columns;
        this.tileBytes = format.offset(columns) - format.scaleBytes();
        format.offsets(columns);
        this.memory = NativeMemory.allocate(allocator, tileBytes * tiles());
        this.address = memory.address();
    }

    public Format format() {
        return format;
    }

    public boolean sparseInput() {
        return sparseInput;
    }

    /** While it is filled: all weights are to be read, whatever they are multiplied by. */
    public void expectNoZeros() {
        sparseInput = false;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    public int tiles() {
        return Math.ceilDiv(rows, format.rows());
    }

    /** Rows of this tile that the matrix has. */
    public int rowsOf(int tile) {
        return Math.min(format.rows(), rows - tile * format.rows());
    }

    public long tileBytes() {
        return tileBytes;
    }

    /** Where a tile begins. */
    public long address(int tile) {
        return address + tile * tileBytes;
    }

    /** A tile's memory, to be filled. */
    MemorySegment memory(int tile) {
        return memory.asSlice(tile * tileBytes, tileBytes);
    }

    /** Bytes that a product with one vector reads. */
    public long bytes() {
        return tiles() * tileBytes;
    }
}
