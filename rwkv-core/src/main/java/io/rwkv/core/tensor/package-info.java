/** Tensors in files, whatever the file's format, and the safetensors format itself. */
package io.rwkv.core.tensor;
