package io.rwkv.core.engine;

/** What a weight matrix is used for. An engine may choose by it how to hold the matrix; results do not depend on it. */
public enum MatrixUse {
    /** Any use. */
    GENERAL,
    /** One of the two small matrices of a low-rank map; held in at least 16 bits per weight. */
    LOW_RANK,
    /** Applied to the output of a squared relu, of which most values are exactly zero in trained models. */
    AFTER_SQUARED_RELU
}
