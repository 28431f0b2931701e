package io.rwkv.core.tensor;

/**
 * A tensor in a file. Its elements are converted to float32 when they are read, not before. Elements are numbered in row-major
 * order of the shape, in whatever order the file has them. Implementations are safe for any number of threads. A tensor needs no
 * closing: it holds its file's mapping as long as it is in use.
 */
public interface StoredTensor {
    /** The name in the file. */
    String name();

    /** The element type in the file. */
    DType dtype();

    /** The lengths of the dimensions, outermost first; empty for a single number. A new array. */
    long[] shape();

    /**
     * The length of one dimension, {@code shape()[dimension]}, where possible without making an array.
     *
     * @param dimension from 0, the outermost
     * @throws IndexOutOfBoundsException if there is no such dimension
     */
    default long length(int dimension) {
        return shape()[dimension];
    }

    /** The number of elements: the product of the {@link #shape()}. */
    long elementCount();

    /**
     * Reads consecutive elements and converts them to float32. F64, I64 and I32 are rounded.
     *
     * @param first number of the first element, in row-major order
     * @param to receives the values
     * @param at index in {@code to} of the first value
     * @param count number of elements; any, also for block types
     * @throws IndexOutOfBoundsException if the elements are not all in the tensor, or do not fit {@code to}
     * @throws io.rwkv.core.RwkvFormatException if a finite F64 element is beyond the range of float32, or if the file was cut
     *         short while it was open
     */
    void read(long first, float[] to, int at, int count);

    /**
     * Reads all elements in row-major order.
     *
     * @return a new array
     * @throws IllegalStateException if there are more than a Java array can hold
     * @throws io.rwkv.core.RwkvFormatException as {@link #read}
     */
    default float[] toFloats() {
        long count = elementCount();
        if (count > Integer.MAX_VALUE - 8) {
            throw new IllegalStateException(
                    "tensor " + name() + " has " + count + " elements, more than a Java array holds");
        }
        float[] all = new float[(int) count];
        read(0, all, 0, all.length);
        return all;
    }
}
