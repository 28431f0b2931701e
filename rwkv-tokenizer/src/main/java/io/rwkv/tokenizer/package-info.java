/**
 * Text to token ids and back, for the vocabularies that RWKV checkpoints are trained with.
 *
 * <p>
 * {@link io.rwkv.tokenizer.Tokenizer} is what an application holds, and loads from a file of either kind:
 * {@link io.rwkv.tokenizer.BpeTokenizer} reads the vocabulary of the Pile and Raven models ({@code 20B_tokenizer.json}),
 * {@link io.rwkv.tokenizer.WorldTokenizer} that of the World models ({@code rwkv_vocab_v20230424.txt}). Text that
 * arrives token by token goes through a {@link io.rwkv.tokenizer.StreamingDecoder}, since a token may end in the middle
 * of a character.
 */
package io.rwkv.tokenizer;
