package io.rwkv.core;

import io.rwkv.core.internal.tensor.ForwardingTensor;
import io.rwkv.core.tensor.StoredTensor;

/** A table on a disk that fails at one row. */
final class UnreadableRow extends ForwardingTensor {
    private final int row;
    private final RuntimeException failure;

    /** @param failure what reading the row throws */
    UnreadableRow(StoredTensor table, int row, RuntimeException failure) {
        super(table);
        this.row = row;
        this.failure = failure;
    }

    @Override
    public void read(long first, float[] to, int at, int count) {
        if (first == row * length(1) && count == length(1)) {
            throw failure;
        }
        super.read(first, to, at, count);
    }
}
