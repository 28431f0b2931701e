/**
 * RWKV language models, tokens in and numbers out: {@link io.rwkv.core.RwkvModel} and its {@link io.rwkv.core.RwkvState}.
 * {@code io.rwkv.loader.Rwkv.open} opens a model from a checkpoint. {@code io.rwkv.text} works with text instead of tokens.
 */
package io.rwkv.core;
