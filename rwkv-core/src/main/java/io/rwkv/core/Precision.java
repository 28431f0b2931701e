package io.rwkv.core;

import io.rwkv.core.tensor.DType;

import java.util.Optional;

/**
 * The number type in which an engine holds a model's large weight matrices. Small parameters (vectors) are always float32. So
 * is arithmetic, unless an engine says otherwise. The block formats are those of GGUF.
 */
public enum Precision {
    /** The checkpoint's own type; if the engine does not have it, the nearest one that loses little or nothing. */
    AS_STORED(null),
    /** IEEE 754 single precision, 32 bits per weight. */
    F32(DType.F32),
    /** IEEE 754 half precision, 16 bits per weight. */
    F16(DType.F16),
    /** The upper half of a single-precision number, 16 bits per weight. */
    BF16(DType.BF16),
    /** Blocks of 32 signed bytes with one scale for all, 8.5 bits per weight. */
    Q8_0(DType.Q8_0),
    /** Blocks of 32 four-bit numbers with one scale for all, 4.5 bits per weight. */
    Q4_0(DType.Q4_0);

    private final DType dtype;

    Precision(DType dtype) {
        this.dtype = dtype;
    }

    /** The element type of weights in this precision; empty for {@link #AS_STORED}. */
    public Optional<DType> dtype() {
        return Optional.ofNullable(dtype);
    }
}
