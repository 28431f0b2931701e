package io.rwkv.core.tensor;

/**
 * A tensor that is another one, {@link #source}, but for what a subclass overrides. As safe for threads as the source is. A
 * subclass with another shape overrides {@link #length} as well.
 */
public abstract class ForwardingTensor implements StoredTensor {
    private final StoredTensor source;

    /** @param source whose name, type, shape and elements this tensor has */
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
