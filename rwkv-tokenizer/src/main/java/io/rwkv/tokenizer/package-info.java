/**
 * Text to token ids and back, for the vocabularies that RWKV checkpoints are trained with.
 *
 * <p>
 * {@link io.rwkv.tokenizer.Tokenizer} is what an application holds; {@link io.rwkv.tokenizer.BpeTokenizer} reads the
 * vocabulary of the Pile and Raven models ({@code 20B_tokenizer.json}). Text that arrives token by token goes through a
 * {@link io.rwkv.tokenizer.StreamingDecoder}, since a token may end in the middle of a character.
 */
package io.rwkv.tokenizer;
