/**
 * RWKV language models inside Java applications: {@link io.rwkv.core.RwkvModel} and its
 * {@link io.rwkv.core.RwkvState}, generation of text, and sentence embeddings. Models are opened with
 * {@code io.rwkv.loader.Rwkv.open}.
 */
package io.rwkv.core;
