/**
 * Named tensors in files: {@link io.rwkv.core.tensor.TensorFile} and {@link io.rwkv.core.tensor.StoredTensor} for files of any
 * format, and {@link io.rwkv.core.tensor.SafetensorsWriter}, which writes safetensors files.
 */
package io.rwkv.core.tensor;
