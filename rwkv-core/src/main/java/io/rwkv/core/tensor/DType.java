package io.rwkv.core.tensor;

/**
 * Element types of tensors in files. All are little-endian. Immutable and safe for any number of threads.
 *
 * <p>There are two kinds. The plain types have their names from safetensors. The block types have their names from
 * <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a>; they are quantised in blocks:
 * {@link #blockLength()} consecutive elements of a row share a scale and take {@link #blockBytes()} bytes together. Tensors of
 * block types are contiguous, and their rows are whole blocks.
 */
public enum DType {
    /** IEEE 754 double precision. */
    F64(8),
    /** IEEE 754 single precision. */
    F32(4),
    /** IEEE 754 half precision. */
    F16(2),
    /** The upper half of a single-precision number. */
    BF16(2),
    /** Signed 64-bit integer. */
    I64(8),
    /** Signed 32-bit integer. */
    I32(4),
    /** Signed 16-bit integer. */
    I16(2),
    /** Signed 8-bit integer. */
    I8(1),
    /** Unsigned 8-bit integer. */
    U8(1),
    /** One byte, zero for false. */
    BOOL(1),
    /** Blocks of 32: a half-precision scale and signed bytes. */
    Q8_0(32, 34),
    /** Blocks of 32: a half-precision scale and 4-bit numbers from -8 to 7. */
    Q4_0(32, 18),
    /** Blocks of 32: a half-precision scale and minimum, and 4-bit numbers. */
    Q4_1(32, 20),
    /** Blocks of 32: a half-precision scale and 5-bit numbers from -16 to 15. */
    Q5_0(32, 22),
    /** Blocks of 32: a half-precision scale and minimum, and 5-bit numbers. */
    Q5_1(32, 24),
    /** Blocks of 256 with 6-bit scales and minima for each 32, and 4-bit numbers. */
    Q4_K(256, 144),
    /** Blocks of 256 with 6-bit scales and minima for each 32, and 5-bit numbers. */
    Q5_K(256, 176),
    /** Blocks of 256 with 8-bit scales for each 16, and 6-bit numbers from -32 to 31. */
    Q6_K(256, 210);

    private final int blockLength;
    private final int blockBytes;

    DType(int size) {
        this(1, size);
    }

    DType(int blockLength, int blockBytes) {
        this.blockLength = blockLength;
        this.blockBytes = blockBytes;
    }

    /** The number of elements in a block; 1 for plain types. */
    public int blockLength() {
        return blockLength;
    }

    /** The number of bytes that a block takes; for plain types, an element. */
    public int blockBytes() {
        return blockBytes;
    }

    /**
     * The number of bytes that consecutive elements take.
     *
     * @param elements how many; whole blocks
     * @throws IllegalArgumentException if {@code elements} is negative or is not whole blocks
     * @throws ArithmeticException if the result is more than a long can hold
     */
    public long bytes(long elements) {
        if (elements < 0 || elements % blockLength != 0) {
            throw new IllegalArgumentException(
                    "expected whole blocks of " + blockLength + " elements for " + this + ", found " + elements);
        }
        return Math.multiplyExact(elements / blockLength, blockBytes);
    }

    /** Whether the type holds real numbers, as weights are. True for all block types. */
    public boolean isFloatingPoint() {
        return this == F64 || this == F32 || this == F16 || this == BF16 || blockLength > 1;
    }
}
