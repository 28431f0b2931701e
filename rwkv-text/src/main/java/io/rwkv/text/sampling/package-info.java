/** Chooses the next token from a model's logits. */
package io.rwkv.text.sampling;
