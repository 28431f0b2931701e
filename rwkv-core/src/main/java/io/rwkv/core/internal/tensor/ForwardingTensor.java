package io.rwkv.core.internal.tensor;

import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

/**
 * A tensor that forwards to another one, {@link #source()}; subclasses override what is different. A subclass that overrides
 * {@link #shape()} also overrides {@link #length}. Safe for any number of threads, if the source and the subclass are.
 */
public abstract class ForwardingTensor implements StoredTensor {
    private final StoredTensor source;

    /**
     * Forwards to a tensor.
     *
     * @param source gives the name, type, shape and elements
     */
    protected ForwardingTensor(StoredTensor source) {
        this.source = source;
    }

    /** The tensor that this one forwards to. */
    protected final StoredTensor source() {
        return source;
    }

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public DType dtype() {
        return source.dtype();
    }

    @Override
    public long[] shape() {
        return source.shape();
    }

    @Override
    public long length(int dimension) {
        return source.length(dimension);
    }

    @Override
    public long elementCount() {
        return source.elementCount();
    }

    @Override
    public void read(long first, float[] to, int at, int count) {
        source.read(first, to, at, count);
    }
}
