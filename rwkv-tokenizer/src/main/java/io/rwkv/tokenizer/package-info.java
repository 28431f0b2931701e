/**
 * Turns text into token ids and back, for the vocabularies that RWKV models are trained with.
 *
 * <p>
 * Applications use {@link io.rwkv.tokenizer.Tokenizer}; its {@code load} method reads a file of either kind.
 * {@link io.rwkv.tokenizer.BpeTokenizer} is for the Pile and Raven models ({@code 20B_tokenizer.json}),
 * {@link io.rwkv.tokenizer.WorldTokenizer} for the World models ({@code rwkv_vocab_v20230424.txt}). To decode ids that
 * arrive one by one, use a {@link io.rwkv.tokenizer.StreamingDecoder}, since a token may end in the middle of a character.
 */
package io.rwkv.tokenizer;
