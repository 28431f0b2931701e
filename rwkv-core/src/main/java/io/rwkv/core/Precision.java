package io.rwkv.core;

import io.rwkv.core.tensor.DType;

import java.util.Optional;

/**
 * How an engine holds a model's large weight matrices; small parameters are always float32, and arithmetic is too unless an
 * engine says otherwise. The block formats are GGUF's.
 */
public enum Precision {
    /** As the checkpoint has them, or the nearest that the engine can hold without loss. */
    AS_STORED(null),
    /** IEEE 754 single precision, 32 bits per weight. */
    F32(DType.F32),
    /** IEEE 754 half precision, 16 bits per weight. */
    F16(DType.F16),
    /** The upper half of a single-precision number, 16 bits per weight. */
    BF16(DType.BF16),
    /** Blocks of 32 signed bytes with a common scale, 8.5 bits per weight. */
    Q8_0(DType.Q8_0),
    /** Blocks of 32 four-bit numbers with a common scale, 4.5 bits per weight. */
    Q4_0(DType.Q4_0);

    private final DType dtype;

    Precision(DType dtype) {
        this.dtype = dtype;
    }

    /** The element type of weights held so; empty for {@link #AS_STORED}. */
    public Optional<DType> dtype() {
        return Optional.ofNullable(dtype);
    }
}
