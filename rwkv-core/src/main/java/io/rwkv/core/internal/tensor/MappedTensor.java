package io.rwkv.core.internal.tensor;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.tensor.DType;
import io.rwkv.core.tensor.StoredTensor;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/**
 * A tensor whose elements lie in a {@link MappedFile} at fixed strides: contiguous, transposed, or another view. A tensor of a
 * block type is always contiguous, and its rows are whole blocks. Immutable and safe for any number of threads.
 */
public final class MappedTensor implements StoredTensor {
    private final MappedFile file;
    private final String name;
    private final DType dtype;
    private final long[] shape;
    private final long[] strides; // in elements, one per dimension
    private final long offset; // of element 0, in bytes from the start of the file
    private final long count;
    private final int runDimensions; // the innermost dimensions that are contiguous together...
    private final long runLength; // ...and the number of elements in one such run

    private MappedTensor(MappedFile file, String name, DType dtype, long[] shape, long[] strides, long offset,
            long count) {
        this.file = file;
        this.name = name;
        this.dtype = dtype;
        this.shape = shape;
        this.strides = strides;
        this.offset = offset;
        this.count = count;
        int inner = 0;
        long length = 1;
        while (inner < shape.length) {
            int d = shape.length - 1 - inner;
            if (shape[d] != 1 && strides[d] != length) {
                break;
            }
            length *= shape[d];
            inner++;
        }
        this.runDimensions = inner;
        this.runLength = length;
    }

    /**
     * A row-major tensor without gaps.
     *
     * @param name for {@link #name()} and error messages
     * @param shape lengths of the dimensions, outermost first; copied
     * @param offset of the first element, in bytes from the start of the file
     * @throws RwkvFormatException if an element would lie outside the file, if a dimension is negative or the shape too large,
     *         or if rows of a block type are not whole blocks
     */
    public static MappedTensor contiguous(MappedFile file, String name, DType dtype, long[] shape, long offset) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            strides[d] = stride;
            // Beyond 2^63 only in a shape that strided() refuses, or that has no elements to find.
            stride = stride > Long.MAX_VALUE / Math.max(1, shape[d]) ? Long.MAX_VALUE : stride * Math.max(1, shape[d]);
        }
        return strided(file, name, dtype, shape, strides, offset, file.size());
    }

    /**
     * A view with a stride for each dimension.
     *
     * @param name for {@link #name()} and error messages
     * @param shape lengths of the dimensions, outermost first; copied
     * @param strides distance of neighbours in each dimension, in elements, 0 or more; copied
     * @param offset of element 0, in bytes from the start of the file
     * @param end the end of the tensor's storage, in bytes from the start of the file
     * @throws RwkvFormatException if an element would lie outside the storage or the file; if a dimension or stride is negative;
     *         if there are more elements than the file has bytes; or if a view of a block type is not contiguous or its rows are
     *         not whole blocks
     */
    public static MappedTensor strided(MappedFile file, String name, DType dtype, long[] shape, long[] strides,
            long offset, long end) {
        if (shape.length != strides.length) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected one stride per dimension, found " + strides.length + " for " + shape.length);
        }
        long count = 1;
        long last = 0;
        try {
            for (int d = 0; d < shape.length; d++) {
                if (shape[d] < 0 || strides[d] < 0) {
                    throw RwkvFormatException.inTensor(file.path(), name, "negative dimension or stride in shape "
                            + Arrays.toString(shape) + ", strides " + Arrays.toString(strides));
                }
                count = Math.multiplyExact(count, shape[d]);
            }
            for (int d = 0; d < shape.length && count > 0; d++) {
                last = Math.addExact(last, Math.multiplyExact(shape[d] - 1, strides[d]));
            }
            checkBlocks(file, name, dtype, shape, strides);
            long bytes = count == 0 ? 0 : dtype.bytes(Math.addExact(last, 1));
            if (offset < 0 || end > file.size() || Math.addExact(offset, bytes) > end) {
                throw RwkvFormatException.inTensor(file.path(), name, "expected " + bytes + " bytes of " + dtype
                        + " data for shape " + Arrays.toString(shape) + " at offset " + offset
                        + ", found the end of its storage at " + Math.min(end, file.size()));
            }
            // Zero strides let a few bytes claim any number of elements; no checkpoint has more elements than bytes.
            if (count > file.size() && dtype.blockLength() == 1) {
                throw RwkvFormatException.inTensor(file.path(), name, "expected no more elements than the file's "
                        + file.size() + " bytes, found shape " + Arrays.toString(shape));
            }
        } catch (ArithmeticException e) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected a size that fits the file, found shape "
                    + Arrays.toString(shape) + " with strides " + Arrays.toString(strides));
        }
        return new MappedTensor(file, name, dtype, shape.clone(), strides.clone(), offset, count);
    }

    private static void checkBlocks(MappedFile file, String name, DType dtype, long[] shape, long[] strides) {
        if (dtype.blockLength() == 1) {
            return;
        }
        if (shape.length == 0 || shape[shape.length - 1] % dtype.blockLength() != 0) {
            throw RwkvFormatException.inTensor(file.path(), name, "expected rows of whole blocks of "
                    + dtype.blockLength() + " elements for " + dtype + ", found shape " + Arrays.toString(shape));
        }
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            if (shape[d] != 1 && strides[d] != stride) {
                throw RwkvFormatException.inTensor(file.path(), name, "expected a contiguous tensor for " + dtype
                        + ", found strides " + Arrays.toString(strides) + " for shape " + Arrays.toString(shape));
            }
            stride = Math.multiplyExact(stride, Math.max(1, shape[d]));
        }
    }

    /**
     * The matrix with rows and columns exchanged, under the same name. Nothing is copied.
     *
     * @throws RwkvFormatException if the tensor does not have two dimensions, or is of a block type: use {@link Transposed} then
     */
    public MappedTensor transposed() {
        if (dtype.blockLength() > 1) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected a plain element type to transpose, found blocks of " + dtype);
        }
        if (shape.length != 2) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected a matrix, found shape " + Arrays.toString(shape));
        }
        return new MappedTensor(file, name, dtype, new long[]{shape[1], shape[0]}, new long[]{strides[1], strides[0]},
                offset, count);
    }

    /**
     * One part of the tensor along its first dimension, such as a row of a matrix, under the same name. Nothing is copied.
     *
     * @param index from 0 to the length of the first dimension − 1
     * @throws IndexOutOfBoundsException if there is no such part
     * @throws RwkvFormatException if the tensor is a vector of a block type, which has no single elements
     */
    public MappedTensor part(long index) {
        if (shape.length == 0 || index < 0 || index >= shape[0]) {
            throw new IndexOutOfBoundsException("part " + index + " of " + this);
        }
        if (dtype.blockLength() > 1 && shape.length == 1) {
            throw RwkvFormatException.inTensor(file.path(), name,
                    "expected a matrix to take rows of, found a vector of " + dtype);
        }
        return new MappedTensor(file, name, dtype, Arrays.copyOfRange(shape, 1, shape.length),
                Arrays.copyOfRange(strides, 1, strides.length),
                count == 0 ? offset : offset + dtype.bytes(index * strides[0]),
                count / shape[0]);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DType dtype() {
        return dtype;
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
    public long elementCount() {
        return count;
    }

    /** Whether the elements lie in the file in row-major order and without gaps, beginning at {@link #byteOffset()}. */
    public boolean isContiguous() {
        return runDimensions == shape.length;
    }

    /** The place of element 0, in bytes from the start of the file. */
    public long byteOffset() {
        return offset;
    }

    /** The file that holds the elements. */
    public MappedFile file() {
        return file;
    }

    @Override
    public void read(long first, float[] to, int at, int n) {
        Objects.checkFromIndexSize(at, n, to.length);
        if (first < 0 || first > count - n) {
            throw new IndexOutOfBoundsException(
                    n + " elements from " + first + " of tensor " + name + ", which has " + count);
        }
        try {
            readChecked(first, to, at, n);
            MappedFile.settle();
        } catch (ArithmeticException e) {
            throw RwkvFormatException.inTensor(file.path(), name, e.getMessage());
        } catch (InternalError e) {
            throw file.cutShort(name, e);
        }
    }

    private void readChecked(long first, float[] to, int at, int n) {
        if (dtype.blockLength() > 1) {
            readBlocks(first, to, at, n);
            return;
        }
        if (runLength == 1 && shape.length > 0) {
            readApart(first, to, at, n);
            return;
        }
        while (n > 0) {
            long run = first / runLength;
            long within = first % runLength;
            int length = (int) Math.min(n, runLength - within);
            readRun(runStart(run) + within, to, at, length);
            first += length;
            at += length;
            n -= length;
        }
    }

    /** From within one block to within another. */
    private void readBlocks(long first, float[] to, int at, int n) {
        int blockLength = dtype.blockLength();
        float[] edge = null;
        while (n > 0) {
            int within = (int) (first % blockLength);
            long start = offset + dtype.bytes(first - within);
            int length;
            if (within > 0 || n < blockLength) {
                length = Math.min(n, blockLength - within);
                edge = edge == null ? new float[blockLength] : edge;
                Elements.widen(dtype, file.slice(start, dtype.blockBytes()), 0, edge, 0, blockLength);
                System.arraycopy(edge, within, to, at, length);
            } else {
                int blocks = Math.min(n / blockLength, MappedFile.MAX_SLICE / dtype.blockBytes());
                length = blocks * blockLength;
                Elements.widen(dtype, file.slice(start, blocks * dtype.blockBytes()), 0, to, at, length);
            }
            first += length;
            at += length;
            n -= length;
        }
    }

    /** No two elements are neighbours, as in a transposed matrix: one slice of the file for a whole row, not one for each. */
    private void readApart(long first, float[] to, int at, int n) {
        int inner = shape.length - 1;
        long stride = strides[inner] * dtype.blockBytes();
        long most = stride == 0 ? Integer.MAX_VALUE : 1 + (MappedFile.MAX_SLICE - dtype.blockBytes()) / stride;
        while (n > 0) {
            long within = first % shape[inner];
            int length = (int) Math.min(n, Math.min(most, shape[inner] - within));
            long start = offset + runStart(first) * dtype.blockBytes();
            ByteBuffer bytes = file.slice(start, (int) ((length - 1) * stride) + dtype.blockBytes());
            Elements.widenStrided(dtype, bytes, 0, length == 1 ? 0 : (int) stride, to, at, length);
            first += length;
            at += length;
            n -= length;
        }
    }

    /** The place in the storage, in elements, of the run with this number. */
    private long runStart(long run) {
        long element = 0;
        for (int d = shape.length - runDimensions - 1; d >= 0; d--) {
            element += run % shape[d] * strides[d];
            run /= shape[d];
        }
        return element;
    }

    private void readRun(long element, float[] to, int at, int n) {
        int block = MappedFile.MAX_SLICE / dtype.blockBytes();
        for (int done = 0; done < n;) {
            int length = Math.min(block, n - done);
            ByteBuffer bytes = file.slice(offset + (element + done) * dtype.blockBytes(), length * dtype.blockBytes());
            Elements.widen(dtype, bytes, 0, to, at + done, length);
            done += length;
        }
    }

    @Override
    public String toString() {
        return name + " " + dtype + Arrays.toString(shape);
    }
}
