/**
 * RWKV language models inside Java applications, from tokens to numbers: {@link io.rwkv.core.RwkvModel} and its
 * {@link io.rwkv.core.RwkvState}. Models are opened with {@code io.rwkv.loader.Rwkv.open}; what has to do with text is in
 * {@code io.rwkv.text}.
 */
package io.rwkv.core;
