/**
 * Checkpoint files: {@link io.rwkv.loader.Rwkv} opens a model, {@link io.rwkv.loader.Tokenizers} finds its tokenizer, and
 * {@link io.rwkv.loader.GgufConverter} writes GGUF files. {@link io.rwkv.loader.Checkpoints} and
 * {@link io.rwkv.loader.Architecture} are the steps in between: from a file to its tensors, and from these to the model's version
 * and dimensions.
 */
package io.rwkv.loader;
