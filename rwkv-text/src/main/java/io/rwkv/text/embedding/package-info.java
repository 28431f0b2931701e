/** Turns texts into vectors: {@link io.rwkv.text.embedding.SentenceEncoder}. */
package io.rwkv.text.embedding;
