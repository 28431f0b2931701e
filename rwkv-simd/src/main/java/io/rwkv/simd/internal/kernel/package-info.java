/**
 * What computes: products, recurrences, normalisation and element-wise functions on some rows, tiles or heads, each by one thread.
 * Knows {@code memory}.
 */
package io.rwkv.simd.internal.kernel;
