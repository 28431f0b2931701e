/**
 * GGUF files: reading their directory and metadata, writing them, and the tokenizers in them. Knows no names of tensors.
 */
package io.rwkv.loader.internal.gguf;
