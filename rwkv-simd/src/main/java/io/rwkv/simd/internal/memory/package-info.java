/**
 * How weights and activations lie in memory, how weights get there, and the width of vectors that decides it. Knows nothing of the
 * packages beside it.
 */
package io.rwkv.simd.internal.memory;
