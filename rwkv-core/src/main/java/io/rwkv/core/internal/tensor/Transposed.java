package io.rwkv.core.internal.tensor;

import io.rwkv.core.tensor.StoredTensor;

import java.util.Objects;

/**
 * A view of a tensor with its last two dimensions exchanged. Works for all element types, also those quantised in blocks. Nothing
 * is copied until elements are read. Safe for any number of threads.
 */
public final class Transposed extends ForwardingTensor {
    /** The most rows that are gathered at a time. */
    private static final int MAX_ROWS = 1 << 14;

    private final long[] shape;
    private final long rows;
    private final long columns;

    private Transposed(StoredTensor source) {
        super(source);
        this.shape = source.shape();
        int last = shape.length - 1;
        this.rows = shape[last];
        this.columns = shape[last - 1];
        shape[last] = columns;
        shape[last - 1] = rows;
    }

    /**
     * The tensor with its last two dimensions exchanged, under the same name. Transposing twice gives back the tensor itself.
     *
     * @param source of two dimensions or more
     */
    public static StoredTensor of(StoredTensor source) {
        if (source instanceof MappedTensor mapped && mapped.dtype().blockLength() == 1 && mapped.shape().length == 2) {
            return mapped.transposed();
        }
        return source instanceof Transposed transposed ? transposed.source() : new Transposed(source);
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public long length(int dimension) {
        return shape[dimension];
    }

    @Override
    public void read(long first, float[] to, int at, int n) {
        Objects.checkFromIndexSize(at, n, to.length);
        Objects.checkFromIndexSize(first, n, elementCount());
        float[] column = new float[(int) Math.min(MAX_ROWS, Math.min(rows, n))];
        while (n > 0) {
            long within = first % (rows * columns);
            long matrix = first - within;
            long row = within / columns;
            // To the end of this matrix, or of the rows that are gathered at a time.
            int length = (int) Math.min(n,
                    Math.min(rows * columns, (row + column.length) * columns) - within);
            int some = (int) ((within + length - 1) / columns - row + 1);
            // Of a single row perhaps not all.
            long firstColumn = some == 1 ? within % columns : 0;
            long lastColumn = some == 1 ? firstColumn + length - 1 : columns - 1;
            for (long c = firstColumn; c <= lastColumn; c++) {
                source().read(matrix + c * rows + row, column, 0, some);
                for (int i = 0; i < some; i++) {
                    long target = (row + i) * columns + c - within;
                    if (target >= 0 && target < length) {
                        to[at + (int) target] = column[i];
                    }
                }
            }
            first += length;
            at += length;
            n -= length;
        }
    }
}
