/**
 * Tensors that lie in a mapped file, and the reader of safetensors files.
 */
package io.rwkv.core.internal.tensor;
