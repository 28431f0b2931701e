/**
 * Named tensors in files: {@link io.rwkv.core.tensor.TensorFile} and {@link io.rwkv.core.tensor.StoredTensor} for files of any
 * format, and a reader and a writer for safetensors.
 */
package io.rwkv.core.tensor;
