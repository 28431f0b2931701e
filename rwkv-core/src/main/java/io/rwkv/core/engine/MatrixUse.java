package io.rwkv.core.engine;

/** What a weight matrix is for, which may decide how an engine holds it. The results are the same for all. */
public enum MatrixUse {
    /** Nothing is known. */
    GENERAL,
    /** One of the two small matrices of a low-rank map; always in at least 16 bits per weight. */
    LOW_RANK,
    /** Applied to the squared relu of something, most of which is exactly zero in trained models. */
    AFTER_SQUARED_RELU
}
