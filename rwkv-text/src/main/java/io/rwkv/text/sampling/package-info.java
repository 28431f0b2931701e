/** Chooses the next token from a model's logits: {@link io.rwkv.text.sampling.Sampler}. */
package io.rwkv.text.sampling;
