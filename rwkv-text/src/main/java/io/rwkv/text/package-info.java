/**
 * Text with RWKV models: {@link io.rwkv.text.TextModel} opens a model with its tokenizer, generates text, turns texts into
 * vectors, scores them, and counts tokens. The subpackages hold its parts, which can also be used alone.
 */
package io.rwkv.text;
