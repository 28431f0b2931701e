package io.rwkv.core.tensor;

/**
 * A tensor in a file, converted to float32 only when it is read. Elements are numbered in row-major order of the shape,
 * whatever the order in the file. Implementations are safe for any number of threads.
 */
public interface StoredTensor {
    /** The name in the file. */
    String name();

    /** The element type in the file. */
    DType dtype();

    /** The lengths of the dimensions, outermost first; empty for a single number. The array is the caller's own. */
    long[] shape();

    /** {@code shape()[dimension]}, without making an array in implementations of which every token reads a row. */
    default long length(int dimension) {
        return shape()[dimension];
    }

    /** The product of the {@link #shape()}. */
    long elementCount();

    /**
     * Reads consecutive elements, widened or rounded to float32.
     *
     * @param first the first element's number in row-major order
     * @param to receives {@code count} values from index {@code at} on
     * @throws IndexOutOfBoundsException if the elements are not within the tensor, or do not fit {@code to}
     */
    void read(long first, float[] to, int at, int count);

    /**
     * All elements in row-major order.
     *
     * @throws IllegalStateException if there are more than a Java array holds
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
